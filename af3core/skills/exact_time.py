"""Exact pairs about time: order, what is heard at a point, when something is heard."""

from __future__ import annotations

import itertools
from random import Random

from af3core.skills.contrast import OPTIONS, options_around
from af3core.skills.event_runs import Run, event_evidence, runs_of, single_run_labels
from af3core.skills.evidence import HeardEvent, SegmentEvidence
from af3core.skills.pair import Pair

_EDGE_MS = 1500
"""An event is heard at the very beginning or end if it is so near."""
_LONGEST_ORDER_WORDS = 10
_STEP_MS = 500
"""Times are asked to half a second."""
_LONGEST_GROUNDED = 0.45
"""Of the segment: what lasts longer is heard nearly all the time."""


def order(evidence: SegmentEvidence, random: Random) -> list[Pair]:
    """What comes right before or after, and in which order three things are heard."""
    runs = runs_of(evidence)
    labels = [run.label for run in runs]
    once = single_run_labels(runs)
    pairs = []
    for before, after in itertools.pairwise(runs):
        others = [label for label in labels if label not in (before.label, after.label)]
        for known, where, answer in (
            (before, "after", after.label),
            (after, "before", before.label),
        ):
            if known.label in once:
                question = f"Which sound comes right {where} {known.label}?"
                options = options_around(answer, others, labels, random)
                pairs.append(
                    _about(evidence, "temporal_order", question, answer, options, before, after)
                )
    return pairs + _sequences(evidence, runs, once, random)


def _sequences(
    evidence: SegmentEvidence, runs: list[Run], once: set[str], random: Random
) -> list[Pair]:
    known = [run for run in runs if run.label in once]
    if len(known) < 3:
        return []
    three = sorted(random.sample(known, 3), key=lambda run: run.start_ms)
    answer = ", ".join(run.label for run in three)
    if len(answer.split()) > _LONGEST_ORDER_WORDS:
        return []
    others = [", ".join(p) for p in itertools.permutations([run.label for run in three])]
    others.remove(answer)
    options = [answer, *random.sample(others, OPTIONS - 1)]
    random.shuffle(options)
    question = "In which order are these three sounds heard?"
    return [_about(evidence, "temporal_order", question, answer, tuple(options), *three)]


def referring(evidence: SegmentEvidence, random: Random) -> list[Pair]:
    """What is heard at the very beginning, at the very end, in the middle."""
    runs = runs_of(evidence)
    labels = [run.label for run in runs]
    if len(set(labels)) < 2:
        return []
    middle_ms = (evidence.start_ms + evidence.end_ms) // 2
    points = []
    if runs[0].start_ms - evidence.start_ms <= _EDGE_MS:
        points.append(("at the very beginning of", runs[0]))
    if evidence.end_ms - runs[-1].end_ms <= _EDGE_MS:
        points.append(("at the very end of", runs[-1]))
    points += [
        ("exactly in the middle of", run)
        for run in runs
        if any(e.start_ms + _STEP_MS <= middle_ms <= e.end_ms - _STEP_MS for e in run.events)
    ]
    return [
        _about(
            evidence,
            "temporal_referring",
            f"What is heard {where} the audio?",
            run.label,
            options_around(run.label, labels, labels, random),
            run,
        )
        for where, run in points
    ]


def grounding(evidence: SegmentEvidence, random: Random) -> list[Pair]:
    """From when to when something is heard that is heard once."""
    runs = runs_of(evidence)
    once = single_run_labels(runs)
    pairs = []
    for run in runs:
        if run.label in once and len(run.events) == 1:
            spans = _spans(run.events[0], evidence, random)
            if spans:
                question = f"When can {run.label} be heard?"
                answer, options = spans
                pairs.append(_about(evidence, "temporal_grounding", question, answer, options, run))
    return pairs


def _spans(
    event: HeardEvent, evidence: SegmentEvidence, random: Random
) -> tuple[str, tuple[str, ...]] | None:
    """The event's span and three of its length elsewhere, apart by half a second at least."""
    start_ms, end_ms = (_stepped(ms - evidence.start_ms) for ms in (event.start_ms, event.end_ms))
    length_ms = max(end_ms - start_ms, _STEP_MS)
    if length_ms > _LONGEST_GROUNDED * evidence.duration_ms:
        return None
    taken = [(start_ms, start_ms + length_ms)]
    places = list(range(0, evidence.duration_ms - length_ms + 1, _STEP_MS))
    random.shuffle(places)
    for place in places:
        apart = all(
            place + length_ms + _STEP_MS <= start or end + _STEP_MS <= place for start, end in taken
        )
        if apart and len(taken) < OPTIONS:
            taken.append((place, place + length_ms))
    if len(taken) < OPTIONS:
        return None
    spoken = [f"from {start / 1000:.1f} to {end / 1000:.1f} seconds" for start, end in taken]
    options = list(spoken)
    random.shuffle(options)
    return spoken[0], tuple(options)


def _stepped(time_ms: int) -> int:
    return round(time_ms / _STEP_MS) * _STEP_MS


def _about(
    evidence: SegmentEvidence,
    skill: str,
    question: str,
    answer: str,
    options: tuple[str, ...],
    *runs: Run,
) -> Pair:
    return Pair(
        skill=skill,
        question=question,
        answer=answer,
        start_ms=evidence.start_ms,
        end_ms=evidence.end_ms,
        options=options,
        evidence=event_evidence([event for run in runs for event in run.events]),
    )
