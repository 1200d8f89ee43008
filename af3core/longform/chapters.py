"""Where a recording's chapters begin: at changes of what is said, after pauses, at jingles.

A shortest path over the starts of segments, as segments are cut: a strong change is cheap, a weak
one dear, and lengths tend to a target. The model has no say in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from af3core.longform.passages import Passage

Vectors = npt.NDArray[np.float32]

_SHORTEST_TARGET_MS = 2 * 60_000
_LONGEST_TARGET_MS = 10 * 60_000
_CHAPTERS_WANTED = 8
_LONGEST_IN_TARGETS = 2.5
_WINDOW = 4
"""Passages on each side of a border whose means are compared."""

_LEAST_CHANGE = 0.2
"""Cosine distance that counts as a whole change where the recording has no greater one."""

_CHANGE, _PAUSE, _MUSIC = 0.6, 0.2, 0.2
_WEAK_BORDER_COST = 1.5
_LONG_PAUSE_MS = 3000
_MUSIC_WORDS = re.compile(r"\b(?:music|jingle|song|melody|tune|theme)\b", re.IGNORECASE)
_CLAUSE = re.compile(r",|\bthen\b|[.;]")


def chapter_starts(segments: Sequence[Passage], vectors: Vectors, duration_ms: int) -> list[int]:
    """Starts of the chapters in milliseconds, the first 0: without gap or overlap by construction.

    Args:
        segments: all of the recording, in time order, silent ones too.
        vectors: `[segments, dimensions]` of their texts; zero where there is none.
    """
    heard = [n for n, s in enumerate(segments) if not s.silent and 0 < s.start_ms < duration_ms]
    strengths = border_strengths(segments, vectors)
    candidates = [(0, 0.0)]
    for number in heard:
        if segments[number].start_ms > candidates[-1][0]:
            candidates.append((segments[number].start_ms, 1 - float(strengths[number])))
    return _cheapest(candidates, duration_ms, target_ms(duration_ms))


def target_ms(duration_ms: int) -> int:
    """The length that chapters tend to: an eighth of the recording, from 2 to 10 minutes."""
    return min(max(duration_ms // _CHAPTERS_WANTED, _SHORTEST_TARGET_MS), _LONGEST_TARGET_MS)


def border_strengths(segments: Sequence[Passage], vectors: Vectors) -> npt.NDArray[np.float64]:
    """How much speaks for a border at each segment's start, 0 to 1."""
    strengths = np.zeros(len(segments))
    if not len(segments):
        return strengths
    changes = _changes(segments, vectors)
    highest = max(float(changes.max()), _LEAST_CHANGE)
    before: Passage | None = None
    for number, segment in enumerate(segments):
        if segment.silent:
            continue
        if before is not None:
            strengths[number] = _CHANGE * changes[number] / highest
            strengths[number] += _PAUSE * (segment.start_ms - before.end_ms >= _LONG_PAUSE_MS)
            strengths[number] += _MUSIC * _jingle_between(before, segment)
        before = segment
    return strengths


def _changes(segments: Sequence[Passage], vectors: Vectors) -> npt.NDArray[np.float64]:
    """Distance of the mean meanings before and after each segment's start."""
    told = [n for n, s in enumerate(segments) if s.text]
    sums = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(vectors[told], axis=0)])
    found = np.zeros(len(segments))
    for place in range(1, len(told)):
        left = sums[place] - sums[max(place - _WINDOW, 0)]
        right = sums[min(place + _WINDOW, len(told))] - sums[place]
        norms = float(np.linalg.norm(left) * np.linalg.norm(right))
        found[told[place]] = 1 - float(left @ right) / norms if norms > 0 else 0.0
    return np.maximum(found, 0.0)


def _jingle_between(before: Passage, after: Passage) -> bool:
    """Music ends the one or begins the other, and does not run through both."""
    ends, begins = _clauses(before.heard)[-1], _clauses(after.heard)[0]
    return bool(_MUSIC_WORDS.search(ends)) != bool(_MUSIC_WORDS.search(begins))


def _clauses(caption: str) -> list[str]:
    return [part for part in _CLAUSE.split(caption) if part.strip()] or [""]


def _cheapest(candidates: Sequence[tuple[int, float]], duration_ms: int, target: int) -> list[int]:
    """The starts whose chapters cost least; a chapter is at most 2.5 targets long, if it can be."""
    longest = int(_LONGEST_IN_TARGETS * target)
    edges = [*candidates, (duration_ms, 0.0)]
    best: list[tuple[float, int]] = [(0.0, 0)]
    first = 0
    for here in range(1, len(edges)):
        while edges[here][0] - edges[first][0] > longest and first < here - 1:
            first += 1
        options = (
            (best[start][0] + _cost(edges[here][0] - edges[start][0], target), start)
            for start in range(first, here)
        )
        cost, start = min(options)
        best.append((cost + _WEAK_BORDER_COST * edges[here][1], start))
    starts, here = [], len(edges) - 1
    while here > 0:
        here = best[here][1]
        starts.append(edges[here][0])
    return starts[::-1]


def _cost(length_ms: int, target: int) -> float:
    return (length_ms / target - 1) ** 2
