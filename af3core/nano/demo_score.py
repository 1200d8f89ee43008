"""Score the demo's tables against the scripts: `python -m af3core.nano.demo_score DEMO_OUT`."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.dataset

from af3core.nano.demo_archive import SCRIPTS
from af3core.nano.scenes import Event

_HEARD_MS = 700
"""A speaker counts in a segment from this much speech on."""


@dataclass(frozen=True)
class Score:
    """A figure: how many of how many were right; word errors of words spoken."""

    name: str
    right: int
    of: int

    def __str__(self) -> str:
        share = self.right / self.of if self.of else float("nan")
        return f"{self.name:<28} {share:7.1%}   ({self.right} of {self.of})"


def score_tables(out: Path, scripts: Path = SCRIPTS) -> list[Score]:
    """Every result of the demo archive's recordings against what they were made from.

    Recordings that are not in the tables are left out.

    Raises:
        FileNotFoundError: `out` holds no tables.
        KeyError: a recording has no script.
    """
    files = {
        row["recording_id"]: row["object_uri"].rsplit("/", 1)[-1]
        for row in table_rows(out, "recordings")
    }
    truth = {
        name: events for name, events in script_events(scripts).items() if name in files.values()
    }
    transcripts: dict[str, list[dict[str, Any]]] = {}
    for row in table_rows(out, "transcripts"):
        transcripts.setdefault(files[row["recording_id"]], []).append(row)
    answers = [(truth[files[r["recording_id"]]], r) for r in table_rows(out, "answers")]
    captions = [(truth[files[r["recording_id"]]], r) for r in table_rows(out, "captions")]
    return [
        _word_errors(truth, transcripts),
        _sounds_named("sounds in captions", captions),
        _sounds_named("sounds in answers", [a for a in answers if a[1]["task_id"] == "sounds"]),
        _agreement("who speaks (choice)", answers, "speaker", _who),
        _agreement("number of speakers", answers, "speaker_count", _speaker_count),
        _agreement("topic", answers, "topic", _topic),
    ]


def script_events(scripts: Path) -> dict[str, list[Event]]:
    found = {}
    for path in sorted(scripts.glob("*.json")):
        script = json.loads(path.read_text("utf-8"))
        found[Path(script["file"]).name] = [Event(**event) for event in script["events"]]
    return found


def table_rows(out: Path, table: str) -> list[dict[str, Any]]:
    folder = out / "tables" / table
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such table; run af3 annotate first")
    rows: list[dict[str, Any]] = pyarrow.dataset.dataset(folder).to_table().to_pylist()
    return rows


def _word_errors(
    truth: dict[str, list[Event]], transcripts: dict[str, list[dict[str, Any]]]
) -> Score:
    import jiwer

    spoken, heard = [], []
    for file, events in truth.items():
        words = " ".join(event.what for event in events if event.kind == "speech")
        if words:
            rows = sorted(transcripts.get(file, []), key=lambda row: row["start_ms"])
            spoken.append(words)
            heard.append(" ".join(row["text"].lower() for row in rows if row["text"]))
    result = jiwer.process_words(spoken, heard)
    errors = result.substitutions + result.deletions + result.insertions
    return Score("transcripts, word errors", errors, result.hits + errors - result.insertions)


def _sounds_named(name: str, rows: list[tuple[list[Event], dict[str, Any]]]) -> Score:
    """Each sound event must be named for the segment that holds its middle."""
    right = total = 0
    for events, row in rows:
        for event in events:
            middle_ms = (event.start_ms + event.end_ms) // 2
            if event.kind == "sound" and row["start_ms"] <= middle_ms < row["end_ms"]:
                total += 1
                right += event.what in row["text"].lower()
    return Score(name, right, total)


def _agreement(
    name: str, answers: list[tuple[list[Event], dict[str, Any]]], task_id: str, expected: Any
) -> Score:
    right = total = 0
    for events, row in answers:
        if row["task_id"] == task_id:
            total += 1
            said = (row["choice"] or row["text"]).lower().strip(".")
            right += said == expected(_heard_speech(events, row))
    return Score(name, right, total)


def _heard_speech(events: list[Event], row: dict[str, Any]) -> list[Event]:
    def overlap_ms(event: Event) -> int:
        return int(min(event.end_ms, row["end_ms"]) - max(event.start_ms, row["start_ms"]))

    return [e for e in events if e.kind == "speech" and overlap_ms(e) >= _HEARD_MS]


def _who(speech: list[Event]) -> str:
    if len({event.speaker for event in speech}) > 1:
        return "several speakers"
    return f"a {speech[0].sex}" if speech else "nobody"


def _speaker_count(speech: list[Event]) -> str:
    return ("none", "one", "two", "three")[len({event.speaker for event in speech})]


def _topic(speech: list[Event]) -> str:
    return speech[0].topic if speech else "nobody is speaking"


def main(arguments: list[str]) -> int:
    """Print the scores."""
    if len(arguments) != 1:
        print("usage: python -m af3core.nano.demo_score DEMO_OUT", file=sys.stderr)
        return 2
    try:
        scores = score_tables(Path(arguments[0]))
    except FileNotFoundError as error:
        print(f"demo_score: {error}", file=sys.stderr)
        return 2
    print("against the scripts that the demo archive was made from:")
    for score in scores:
        print(f"  {score}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
