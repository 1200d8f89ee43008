"""IEMOCAP: emotions of acted conversations (USC, 2008); session 5, four classes.

The AF3 paper names neither classes nor split. Four classes, excitement counted as happiness, and
the last session for tests are what most others do: 1,241 utterances.
"""

from __future__ import annotations

import re

from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import BenchmarkData, Data
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.labelling import LABELLING_SOURCE, among_labels
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.exact_match import score_exact

_EMOTIONS = {"ang": "angry", "hap": "happy", "exc": "happy", "neu": "neutral", "sad": "sad"}
_LABELS = ("angry", "happy", "neutral", "sad")
_TURN = re.compile(r"^\[[\d.]+ - [\d.]+\]\t(Ses05\w+)\t(\w+)\t\[", re.MULTILINE)
_TABLE = re.compile(r"(?:^|/)Session5/dialog/EmoEvaluation/(Ses05\w+)\.txt$")


def read(data: Data) -> Listing:
    """The turns of session 5 whose emotion is one of the four."""
    tables = {key: match[1] for key in sorted(data.keys) if (match := _TABLE.search(key))}
    if not tables:
        raise BenchmarkData(
            f"{data.address}: there is no Session5/dialog/EmoEvaluation/*.txt; --data is the folder"
            " IEMOCAP_full_release"
        )
    sounds = Sounds(data)
    return Listing(
        tuple(
            _item(sounds, key, dialogue, turn, emotion)
            for key, dialogue in tables.items()
            for turn, emotion in _TURN.findall(data.text(key))
            if emotion in _EMOTIONS
        )
    )


def _item(sounds: Sounds, table: str, dialogue: str, turn: str, emotion: str) -> Item:
    session = table.rpartition("dialog/")[0]
    return Item(
        item_id=turn,
        sounds=(sounds.by_path(f"{session}sentences/wav/{dialogue}/{turn}.wav"),),
        question="what is the emotion of this speech?",
        options=_LABELS,
        answers=(_EMOTIONS[emotion],),
        groups=(
            ("emotion", _EMOTIONS[emotion]),
            ("speech", "improvised" if "impro" in dialogue else "scripted"),
        ),
    )


BENCHMARKS = (
    Benchmark(
        name="iemocap",
        title="IEMOCAP, four emotions, session 5",
        files="Session5 of IEMOCAP_full_release (from USC SAIL, by request):"
        " dialog/EmoEvaluation/*.txt and sentences/wav/DIALOGUE/TURN.wav",
        read=read,
        prompt=among_labels,
        metric=Metric("accuracy", score_exact),
        prompt_source=LABELLING_SOURCE,
        max_new_tokens=32,
    ),
)
