"""Does a model get better by what it annotated? The loop, closed on one machine.

    python -m tests.benchmarks.training_loop [--minutes 10] [--night NIGHT]

demo archive ──► night ──► events ──► pairs ──► export ──► nano trained on ──► held-out pairs

The recordings of the test split are in no training. Pairs are asked as a night asks: by our engine,
the option read out of the answer. What was known before (words, captions, speakers) is measured
against the scripts of the same held-out recordings, so that forgetting is seen.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.dataset
import soundfile

from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.request import Answer, Request, Sound, ask
from af3core.model.weights.checkpoint import find_checkpoint, nano_folder
from af3core.nano.demo_archive import ARCHIVE, DATE
from af3core.nano.demo_score import Score, score_tables
from af3core.nano.train_on import PEAK_RATE, TrainingOn, train_on
from af3core.skills.exact_pairs import EXACT_SKILLS
from af3core.tasks.answers import find_choice
from af3core.tasks.task import Task
from beam_jobs.cli import main as af3
from schemas.layout import export_prefix
from tests.benchmarks.report import header, line

HELD_OUT, SEED = "0.3", "3"
"""Four of the eight recordings, 7:22 of 21:30."""
_CORPUS = "default"
_ANSWER_TOKENS = 32


@dataclass(frozen=True)
class Asked:
    """A held-out pair."""

    skill: str
    options: tuple[str, ...]
    answer: str
    request: Request


def main() -> None:
    """Run the loop and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of training")
    parser.add_argument("--rate", type=float, default=PEAK_RATE, help="of learning")
    parser.add_argument("--night", type=Path, help="a finished demo night with its pairs")
    options = parser.parse_args()
    header("training loop, nano", "torch", "transformers")
    with tempfile.TemporaryDirectory() as temporary:
        night, trained = Path(temporary) / "night", Path(temporary) / "trained"
        if options.night:
            shutil.copytree(options.night, night)
        else:
            _run("annotate", str(ARCHIVE), night)
            _run("events", night)
            _run("skills", night, "--skill", ",".join(EXACT_SKILLS))
        _run("export", night, "--held-out", HELD_OUT, "--seed", SEED)
        export = night / export_prefix(_CORPUS, DATE, DATE, "af3")
        asked = held_out_pairs(night, export)
        held_out = _archive_of(night, export, Path(temporary) / "archive")
        losses = train_on(TrainingOn(export, nano_folder(), trained, options.minutes, options.rate))
        line("steps of training", f"{len(losses)}", f"{options.minutes:g} minutes")
        _print_pairs(asked, nano_folder(), trained)
        _print_known(held_out, trained, Path(temporary))


def held_out_pairs(night: Path, export: Path) -> list[Asked]:
    """The pairs of the test split, as they are asked."""
    rows = pyarrow.dataset.dataset(night / "tables" / "pairs").to_table().to_pylist()
    pairs = {row["pair_id"]: row for row in rows}
    sounds: dict[str, Sound] = {}
    asked = []
    for record in _records(export, "test"):
        row = pairs.get(record["id"])
        if row is None or not row["options"]:
            continue
        name = record["sound"]
        if name not in sounds:
            sounds[name] = Sound(soundfile.read(export / name, dtype="float32")[0])
        choices = tuple(row["options"])
        prompt = Task("pair", "question", row["question"], choices).prompt_text
        request = ask(sounds[name], prompt, _ANSWER_TOKENS)
        asked.append(Asked(row["skill"], choices, row["answer"], request))
    return asked


def right_by_skill(checkpoint: Path, asked: Sequence[Asked]) -> dict[str, list[bool]]:
    """Whether the option that the model names is the right one."""
    engine = Af3Engine.load(find_checkpoint(str(checkpoint)))
    answers = engine.answer([one.request for one in asked])
    right: dict[str, list[bool]] = defaultdict(list)
    for one, answer in zip(asked, answers, strict=True):
        text = answer.text if isinstance(answer, Answer) else ""
        right[one.skill].append(find_choice(text, one.options) == one.answer)
    return right


def _print_pairs(asked: Sequence[Asked], before: Path, after: Path) -> None:
    was, now = (right_by_skill(checkpoint, asked) for checkpoint in (before, after))
    chances: dict[str, list[float]] = defaultdict(list)
    for one in asked:
        chances[one.skill].append(1 / len(one.options))
    print("held-out pairs answered right: before, after")
    for skill in sorted(chances):
        _print_share(skill, was[skill], now[skill], chances[skill])
    every = [hit for hits in was.values() for hit in hits]
    every_now = [hit for hits in now.values() for hit in hits]
    _print_share("all", every, every_now, [one for found in chances.values() for one in found])


def _print_share(name: str, before: list[bool], after: list[bool], chances: list[float]) -> None:
    count = len(chances)
    value = f"{sum(before) / count:.1%} {sum(after) / count:.1%}"
    line(name, value, f"of {count}; chance {sum(chances) / count:.0%}")


def _archive_of(night: Path, export: Path, folder: Path) -> Path:
    """The recordings that only the test split holds, as an archive of their own."""
    sounds = {Path(record["sound"]).stem for record in _records(export, "test")}
    segments = pyarrow.dataset.dataset(night / "tables" / "segments").to_table().to_pylist()
    held_out = {row["recording_id"] for row in segments if row["segment_id"] in sounds}
    recordings = pyarrow.dataset.dataset(night / "tables" / "recordings").to_table().to_pylist()
    for row in recordings:
        if row["recording_id"] in held_out:
            path = Path(row["object_uri"])
            (folder / path.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / path.parent.name / path.name)
    return folder


def _print_known(archive: Path, trained: Path, temporary: Path) -> None:
    scores: list[list[Score]] = []
    for name, model in (("before", "nano"), ("after", str(trained))):
        tolerant = ("--max-flagged-share", "1")
        _run("annotate", str(archive), temporary / name, "--model", model, *tolerant)
        scores.append(score_tables(temporary / name))
    print("what was known, on the held-out recordings against their scripts: before, after")
    for before, after in zip(*scores, strict=True):
        value = f"{before.right / before.of:.1%} {after.right / after.of:.1%}"
        line(before.name, value, f"of {before.of}")


def _records(export: Path, split: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted(export.glob(f"{split}-*.json")):
        found += json.loads(path.read_text("utf-8"))
    return found


def _run(command: str, *given: str | Path) -> None:
    """An `af3` command; the night's folder is the first path among its arguments."""
    out = next(one for one in given if isinstance(one, Path))
    rest = [one for one in given if isinstance(one, str)]
    if af3([command, *rest, "--out", str(out)]) != 0:
        raise SystemExit(f"af3 {command} failed")


if __name__ == "__main__":
    main()
