"""Exact pairs about measures and numbers: which is loudest, how loudness changes, how many."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from random import Random

from af3core.skills.contrast import options_around
from af3core.skills.event_runs import Run, event_evidence, runs_of
from af3core.skills.evidence import HeardEvent, SegmentEvidence
from af3core.skills.pair import Evidence, Pair

LOUDER_LU = 4.0
"""By so much the loudest must lead: twice what listeners tell apart in a sequence of sounds."""
CHANGE_LU, EQUAL_LU = 8.0, 1.0
LONGER, HIGHER = 1.5, 1.4
"""By such a factor the longest and the highest must lead."""
_MOST_COUNTED = 6
_ASKED_ONCE = 1 / 3
_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight")
_CHANGES = (
    "it becomes much louder",
    "it becomes much quieter",
    "it stays equally loud",
    "it rises, then falls silent",
)
_COURSES = ("it fades away", "it grows louder", "it keeps its level", "it rises, then falls")

Measured = dict[str, float]
"""A measure by label."""


def attributes(evidence: SegmentEvidence, random: Random) -> list[Pair]:
    """Which of three labels or more is loudest, is heard longest, is highest."""
    labels = list(dict.fromkeys(event.label for event in evidence.events))
    if len(labels) < 3:
        return []
    asked: tuple[tuple[str, Measured | None, Callable[[float, float], bool]], ...] = (
        ("Which sound is the loudest?", _loudest(evidence), lambda a, b: a - b >= LOUDER_LU),
        ("Which sound is heard for the longest time in total?", _longest(evidence),
         lambda a, b: a >= LONGER * b),
        ("Which sound is the highest in pitch?", _highest(evidence), lambda a, b: a >= HIGHER * b),
    )  # fmt: skip
    pairs = []
    for question, measured, leads in asked:
        answer = _leader(measured, leads) if measured else None
        if answer and measured:
            options = options_around(answer, labels, labels, random)
            proof = tuple(
                Evidence("descriptor", f"{label}: {value:g}", evidence.start_ms, evidence.end_ms)
                for label, value in measured.items()
            )
            pairs.append(
                _pair("attribute_identification", evidence, question, answer, options, proof)
            )
    return pairs


def _leader(measured: Mapping[str, float], leads: Callable[[float, float], bool]) -> str | None:
    first, second = sorted(measured, key=lambda label: -measured[label])[:2]
    return first if leads(measured[first], measured[second]) else None


def _loudest(evidence: SegmentEvidence) -> Measured | None:
    return _by_label(evidence, lambda event: event.loudness_lufs)


def _highest(evidence: SegmentEvidence) -> Measured | None:
    return _by_label(evidence, lambda event: event.pitch_hz)


def _longest(evidence: SegmentEvidence) -> Measured:
    total: Measured = {}
    for event in evidence.events:
        total[event.label] = total.get(event.label, 0.0) + event.duration_ms / 1000
    return total


def _by_label(
    evidence: SegmentEvidence, measure: Callable[[HeardEvent], float | None]
) -> Measured | None:
    """The highest value of each label; None where one of the events has no value."""
    highest: Measured = {}
    for event in evidence.events:
        value = measure(event)
        if value is None:
            return None
        highest[event.label] = max(value, highest.get(event.label, value))
    return highest


def level_changes(evidence: SegmentEvidence, random: Random) -> list[Pair]:
    """How loudness changes within an event and from one run to the next, much or not at all."""
    runs = runs_of(evidence)
    labels = [run.label for run in runs]
    pairs = [
        _within(evidence, run.events[0], random)
        for run in runs
        if labels.count(run.label) == len(run.events) == 1 and _course(run.events[0])
    ]
    for before, after in itertools.pairwise(runs):
        if labels.count(before.label) > 1 or labels.count(after.label) > 1:
            continue
        answer = _change(before, after)
        if answer:
            options = list(_CHANGES)
            random.shuffle(options)
            question = f"How does the loudness change from {before.label} to {after.label}?"
            proof = tuple(
                Evidence("descriptor", f"{e.label}: {e.loudness_lufs:g} LUFS", e.start_ms, e.end_ms)
                for e in (*before.events, *after.events)
            )
            pairs.append(
                _pair("temporal_attribute", evidence, question, answer, tuple(options), proof)
            )
    return pairs


def _within(evidence: SegmentEvidence, event: HeardEvent, random: Random) -> Pair:
    options = list(_COURSES)
    random.shuffle(options)
    question = f"How does the loudness of {event.label} change while it is heard?"
    measured = f"{event.label}: {event.level_change_db:+g} dB from its start to its end"
    proof = (Evidence("descriptor", measured, event.start_ms, event.end_ms),)
    skill, answer = "temporal_attribute", _course(event)
    return _pair(skill, evidence, question, answer, tuple(options), proof)


def _course(event: HeardEvent) -> str:
    """How an event's level goes; empty where it is neither clear nor steady, and for speech."""
    change_db = event.level_change_db
    if change_db is None or event.kind == "speech":
        return ""
    if abs(change_db) >= CHANGE_LU:
        return _COURSES[0] if change_db < 0 else _COURSES[1]
    return _COURSES[2] if abs(change_db) <= EQUAL_LU else ""


def _change(before: Run, after: Run) -> str | None:
    """By every event of both runs, so that a run that changes within itself is not asked about."""
    early = [event.loudness_lufs for event in before.events]
    late = [event.loudness_lufs for event in after.events]
    if None in early or None in late:
        return None
    changes = [b - a for a in early for b in late if a is not None and b is not None]
    if min(changes) >= CHANGE_LU:
        return _CHANGES[0]
    if max(changes) <= -CHANGE_LU:
        return _CHANGES[1]
    if max(map(abs, changes)) <= EQUAL_LU:
        return _CHANGES[2]
    return None


def counting(evidence: SegmentEvidence, random: Random) -> list[Pair]:
    """How often a sound is heard: alone (level 1), among others (2), named by its place (3).

    What is heard once is asked about in a third of the cases, so that "one" is no safe guess.
    """
    runs = runs_of(evidence)
    pairs = []
    for label in dict.fromkeys(run.label for run in runs):
        mine = [run for run in runs if run.label == label]
        if not all(_is_whole(event) for run in mine for event in run.events):
            continue
        number = len(mine)
        if number > _MOST_COUNTED or (number == 1 and random.random() > _ASKED_ONCE):
            continue
        spoken = "is {} heard?" if number == 1 else "is {} heard, with other sounds between?"
        if all(len(run.events) == 1 for run in mine) and mine[0].events[0].kind == "sound":
            ask, spoken = "How many times", "can {} be heard?"
        else:
            ask = "In how many separate stretches"
        question = f"{ask} {spoken.format(label)}"
        pairs.append(_count(evidence, 1 if number == 1 else 2, question, number, mine, random))
        if number > 1:
            for place, run in (("first", runs[0]), ("last", runs[-1])):
                if run.label == label:
                    question = f"In how many separate stretches is the {place} sound heard?"
                    pairs.append(_count(evidence, 3, question, number, mine, random))
    return pairs


def _is_whole(event: HeardEvent) -> bool:
    """Not cut by the segment's edge: only then it has measures, but for the shortest."""
    return event.loudness_lufs is not None or event.duration_ms < 400


def _count(
    evidence: SegmentEvidence,
    level: int,
    question: str,
    number: int,
    runs: list[Run],
    random: Random,
) -> Pair:
    others = [n for n in range(1, len(_NUMBERS)) if n != number and abs(n - number) <= 4]
    options = [number, *random.sample(others, 3)]
    random.shuffle(options)
    return _pair(
        f"counting_level_{level}",
        evidence,
        question,
        _NUMBERS[number],
        tuple(_NUMBERS[n] for n in options),
        event_evidence([event for run in runs for event in run.events]),
    )


def _pair(
    skill: str,
    evidence: SegmentEvidence,
    question: str,
    answer: str,
    options: tuple[str, ...],
    proof: tuple[Evidence, ...],
) -> Pair:
    return Pair(skill, question, answer, evidence.start_ms, evidence.end_ms, options, proof)
