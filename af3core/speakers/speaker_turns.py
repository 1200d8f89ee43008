"""Turns out of what is heard of each voice, span by span."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_JOINED_GAP_MS = 300
"""A pause of one voice that ends no turn; the hesitations of speech."""
_SHORTEST_MS = 100
"""Less of a voice at a time is no speech."""


@dataclass(frozen=True, order=True)
class HeardSpan:
    """Speech of one voice, by a number of any kind; `confidence` as of a turn."""

    start_ms: int
    end_ms: int
    label: int
    confidence: float


@dataclass(frozen=True)
class SpeakerTurn:
    """A stretch of speech of one voice.

    Attributes:
        start_ms: from the recording's start.
        end_ms: likewise.
        voice: number of the voice in its recording.
        confidence: 0 to 1: how much nearer the sound is to this voice than to the next.
        is_overlap: another voice speaks throughout, which has a turn of its own.
    """

    start_ms: int
    end_ms: int
    voice: int
    confidence: float
    is_overlap: bool


def turns_of(spans: Iterable[HeardSpan]) -> tuple[tuple[SpeakerTurn, ...], list[int]]:
    """Turns in order of time, and the labels of voice 1, 2 and so on: in the order of first turns.

    A turn ends where the voice pauses, and where another begins or ends to speak beside it.
    """
    joined = sorted(
        span
        for _, own in itertools.groupby(sorted(spans, key=_by_label), key=lambda s: s.label)
        for span in _without_gaps(list(own))
        if span.end_ms - span.start_ms >= _SHORTEST_MS
    )
    order = list(dict.fromkeys(span.label for span in joined))
    numbers = {label: number for number, label in enumerate(order, start=1)}
    turns = [
        SpeakerTurn(start_ms, end_ms, numbers[span.label], round(span.confidence, 3), is_overlap)
        for span, start_ms, end_ms, is_overlap in _parted(joined)
    ]
    turns.sort(key=lambda turn: (turn.start_ms, turn.end_ms, turn.voice))
    return tuple(turns), order


def _by_label(span: HeardSpan) -> tuple[int, HeardSpan]:
    return span.label, span


def _without_gaps(own: Sequence[HeardSpan]) -> list[HeardSpan]:
    """Spans of one voice, joined over short gaps; confidence is the mean over time."""
    joined: list[HeardSpan] = []
    for span in own:
        last = joined[-1] if joined else None
        if last is None or span.start_ms - last.end_ms > _JOINED_GAP_MS:
            joined.append(span)
            continue
        one_ms = last.end_ms - last.start_ms
        other_ms = max(1, span.end_ms - span.start_ms)
        confidence = (last.confidence * one_ms + span.confidence * other_ms) / (one_ms + other_ms)
        end_ms = max(last.end_ms, span.end_ms)
        joined[-1] = HeardSpan(last.start_ms, end_ms, span.label, confidence)
    return joined


def _parted(joined: Sequence[HeardSpan]) -> list[tuple[HeardSpan, int, int, bool]]:
    """Each span in parts that lie wholly beside another voice's or wholly do not."""
    parts: list[tuple[HeardSpan, int, int, bool]] = []
    open_spans: list[HeardSpan] = []
    edges = sorted({edge for span in joined for edge in (span.start_ms, span.end_ms)})
    begun = iter(joined)
    coming = next(begun, None)
    last: dict[HeardSpan, int] = {}
    for start_ms, end_ms in itertools.pairwise(edges):
        open_spans = [span for span in open_spans if span.end_ms > start_ms]
        while coming is not None and coming.start_ms <= start_ms:
            open_spans.append(coming)
            coming = next(begun, None)
        is_overlap = len(open_spans) > 1
        for span in open_spans:
            place = last.get(span)
            if place is not None and parts[place][3] == is_overlap:
                parts[place] = (span, parts[place][1], end_ms, is_overlap)
            else:
                last[span] = len(parts)
                parts.append((span, start_ms, end_ms, is_overlap))
    return parts
