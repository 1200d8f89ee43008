"""Exact pairs against the scripts: is the answer the one right option, by what really happened?

`python -m af3core.nano.demo_skills DEMO_OUT` prints the share of right pairs by skill.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from af3core.audio import SAMPLES_PER_MS
from af3core.audio.event_measures import level_change_db, pitch_hz
from af3core.audio.segment_measures import measure_segment
from af3core.nano.demo_archive import SCRIPTS
from af3core.nano.demo_score import Score, script_events, table_rows
from af3core.nano.scenes import Event
from af3core.skills.events_in_span import events_in_span
from af3core.skills.evidence import HeardEvent, SegmentEvidence
from af3core.skills.exact_pairs import EXACT_SKILLS

_HEARD_MS = 200
"""So much of an event within the stretch is heard."""
_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight")
_LEAST_CHANGE_LU, _MOST_EQUAL_LU = 4.0, 3.0

Row = dict[str, Any]


def true_evidence(out: Path, scripts: Path = SCRIPTS) -> list[SegmentEvidence]:
    """What is really heard in each annotated segment, measured in its clip.

    A recording with music under everything is left out: its events are not heard alone.
    """
    truth = script_events(scripts)
    files = _files(out)
    found = []
    for row in sorted(table_rows(out, "segments"), key=lambda row: row["segment_id"]):
        name = files[row["recording_id"]]
        if row["skip_reason"] or name == "cooking_show.opus":
            continue
        events = [_measured(event, row, out) for event in truth[name] if _touches(event, row)]
        heard, complete = events_in_span((row["start_ms"], row["end_ms"]), events, ())
        found.append(
            SegmentEvidence(
                recording_id=row["recording_id"],
                clip_id=row["clip_id"],
                segment_id=row["segment_id"],
                start_ms=row["start_ms"],
                end_ms=row["end_ms"],
                events=heard,
                events_complete=complete,
            )
        )
    return found


def score_pairs(out: Path, pairs: Sequence[Row], scripts: Path = SCRIPTS) -> list[Score]:
    """How many of the exact pairs are right, by skill and in all."""
    files, truth = _files(out), script_events(scripts)
    clips = {row["segment_id"]: row for row in table_rows(out, "segments")}
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for pair in pairs:
        if pair["skill"] not in EXACT_SKILLS:
            continue
        segment = clips[pair["segment_id"]]
        events = truth[files[pair["recording_id"]]]
        heard = [_measured(event, segment, out) for event in events if _is_heard(event, pair)]
        asked[pair["skill"]] += 1
        right[pair["skill"]] += is_right(pair, heard)
    scores = [Score(skill, right[skill], asked[skill]) for skill in EXACT_SKILLS if asked[skill]]
    return [*scores, Score("all exact skills", right.total(), asked.total())]


def is_right(pair: Row, heard: Sequence[HeardEvent]) -> bool:
    """Whether the pair's answer is what the true events say."""
    runs = _runs(heard)
    labels = [label for label, _ in runs]
    question, answer = pair["question"], pair["answer"]
    if match := re.fullmatch(r"Which sound comes right (after|before) (.*)\?", question):
        step = 1 if match[1] == "after" else -1
        places = [i for i, label in enumerate(labels) if label == match[2]]
        return {labels[i + step] for i in places if 0 <= i + step < len(labels)} == {answer}
    if question == "In which order are these three sounds heard?":
        named = answer.split(", ")
        once = all(labels.count(label) == 1 for label in named)
        return once and sorted(named, key=labels.index) == named
    if match := re.fullmatch(
        r"What is heard (at the very beginning|at the very end|.*middle).*", question
    ):
        return _at(match[1], runs, pair) == answer
    if match := re.fullmatch(r"When can (.*) be heard\?", question):
        spans = [(e.start_ms, e.end_ms) for e in heard if e.label == match[1]]
        return len(spans) == 1 and _nearest_span(spans[0], pair) == answer
    if match := re.fullmatch(r"How does the loudness of (.*) change while.*", question):
        return _within(heard, match[1]) == answer
    if match := re.fullmatch(r"How does the loudness change from (.*) to (.*)\?", question):
        return _changed(heard, match[1], match[2]) == answer
    if "how many" in question.lower():
        return _counted(question, labels) == answer
    return _leader(question, pair, heard) == answer


def _at(where: str, runs: list[tuple[str, list[HeardEvent]]], pair: Row) -> str:
    if where == "at the very beginning":
        return runs[0][0]
    if where == "at the very end":
        return runs[-1][0]
    middle_ms = (pair["start_ms"] + pair["end_ms"]) / 2
    inside = (
        label for label, events in runs for e in events if e.start_ms <= middle_ms <= e.end_ms
    )
    return next(inside, "")


def _nearest_span(span: tuple[int, int], pair: Row) -> str:
    """The option that overlaps the true span the most."""

    def overlap_ms(option: str) -> float:
        start, end = (1000 * float(s) + pair["start_ms"] for s in re.findall(r"[\d.]+", option))
        return min(end, span[1]) - max(start, span[0])

    best: str = max(pair["options"], key=overlap_ms)
    return best


def _changed(heard: Sequence[HeardEvent], first: str, second: str) -> str:
    loud = {
        label: [e.loudness_lufs for e in heard if e.label == label] for label in (first, second)
    }
    if not all(loud.values()) or any(value is None for values in loud.values() for value in values):
        return ""
    early, late = (float(np.mean([v for v in loud[x] if v is not None])) for x in (first, second))
    if late - early >= _LEAST_CHANGE_LU:
        return "it becomes much louder"
    if early - late >= _LEAST_CHANGE_LU:
        return "it becomes much quieter"
    return "it stays equally loud" if abs(late - early) <= _MOST_EQUAL_LU else ""


def _within(heard: Sequence[HeardEvent], label: str) -> str:
    [change] = [event.level_change_db for event in heard if event.label == label]
    if change is None:
        return ""
    if abs(change) >= _LEAST_CHANGE_LU:
        return "it grows louder" if change > 0 else "it fades away"
    return "it keeps its level"


def _counted(question: str, labels: list[str]) -> str:
    place = re.search(r"is the (first|last) sound heard", question)
    named = re.search(r"(?:can|is) (.*?) (?:be )?heard", question)
    label = labels[0 if place[1] == "first" else -1] if place else named[1] if named else ""
    return _NUMBERS[labels.count(label)]


def _leader(question: str, pair: Row, heard: Sequence[HeardEvent]) -> str:
    values: dict[str, float] = {}
    for event in heard:
        known = values.get(event.label)
        if "longest" in question:
            inside_ms = min(event.end_ms, pair["end_ms"]) - max(event.start_ms, pair["start_ms"])
            values[event.label] = (known or 0.0) + inside_ms
            continue
        value = event.loudness_lufs if "loudest" in question else event.pitch_hz
        if value is not None:
            values[event.label] = value if known is None else max(known, value)
    return max(values, key=lambda label: values[label], default="")


def _runs(heard: Sequence[HeardEvent]) -> list[tuple[str, list[HeardEvent]]]:
    runs: list[tuple[str, list[HeardEvent]]] = []
    for event in heard:
        if runs and runs[-1][0] == event.label:
            runs[-1][1].append(event)
        else:
            runs.append((event.label, [event]))
    return runs


def _touches(event: Event, segment: Row) -> bool:
    return event.start_ms < segment["end_ms"] and event.end_ms > segment["start_ms"]


def _is_heard(event: Event, pair: Row) -> bool:
    return min(event.end_ms, pair["end_ms"]) - max(event.start_ms, pair["start_ms"]) >= _HEARD_MS


def _measured(event: Event, segment: Row, out: Path) -> HeardEvent:
    """A script's event with its measures, where its clip holds all of it."""
    label = f"a {event.sex} speaking" if event.kind == "speech" else event.what
    known = HeardEvent(event.kind, label, event.start_ms, event.end_ms)
    start_ms = event.start_ms - segment["clip_start_ms"]
    measures = _measures(out / segment["clip_uri"], start_ms, known.duration_ms)
    if measures is None:
        return known
    loudness, pitch, change = measures
    return dataclasses.replace(
        known, loudness_lufs=loudness, pitch_hz=pitch, level_change_db=change
    )


@functools.lru_cache(maxsize=4096)
def _measures(
    clip: Path, start_ms: int, duration_ms: int
) -> tuple[float | None, float | None, float | None] | None:
    """Loudness, pitch and change of level of a stretch of a clip, if it holds all of it."""
    start, count = start_ms * SAMPLES_PER_MS, duration_ms * SAMPLES_PER_MS
    with soundfile.SoundFile(clip) as file:
        if start < 0 or start + count > len(file):
            return None
        file.seek(start)
        audio = file.read(count, dtype="int16")
    samples = audio.astype(np.float32) / 32_768
    return measure_segment(audio).loudness_lufs, pitch_hz(samples), level_change_db(samples)


def _files(out: Path) -> dict[str, str]:
    rows = table_rows(out, "recordings")
    return {row["recording_id"]: row["object_uri"].rsplit("/", 1)[-1] for row in rows}


def main(arguments: list[str]) -> int:
    """Print the scores of the pairs that `af3 skills` made."""
    if len(arguments) != 1:
        print("usage: python -m af3core.nano.demo_skills DEMO_OUT", file=sys.stderr)
        return 2
    out = Path(arguments[0])
    try:
        scores = score_pairs(out, table_rows(out, "pairs"))
    except FileNotFoundError as error:
        print(f"demo_skills: {error}", file=sys.stderr)
        return 2
    print("exact pairs that are right by the scripts:")
    for score in scores:
        print(f"  {score}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
