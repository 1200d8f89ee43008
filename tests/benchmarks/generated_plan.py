"""Which recordings come in on which days: three corpora, some 300 days, 80 segments a recording."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np

CORPORA = ("radio", "tapes", "film")
FIRST_DATE = datetime.date(2026, 1, 5)
DAYS = 300
SEGMENTS_A_RECORDING = 80

_SPREAD = 20
_BOUNDS = (8, 160)


@dataclass(frozen=True)
class PlannedRecording:
    """A recording by its number in the archive; 0 segments: it cannot be decoded."""

    number: int
    segments: int


@dataclass(frozen=True)
class PlannedDay:
    """One partition. `first_segment` is the number of its first segment in the archive."""

    number: int
    corpus: str
    date: datetime.date
    first_segment: int
    recordings: tuple[PlannedRecording, ...]

    @property
    def segments(self) -> int:
        return sum(recording.segments for recording in self.recordings)


def plan(segments: int, seed: int) -> list[PlannedDay]:
    """The partitions in order of date and corpus; their segments are exactly so many.

    Every 20th has a recording more, which cannot be decoded.
    """
    sizes = _sizes(segments, np.random.default_rng([seed, 1]))
    days = min(DAYS, -(-len(sizes) // len(CORPORA)))
    partitions = min(days * len(CORPORA), len(sizes))
    found = []
    first = taken = 0
    for number in range(partitions):
        until = (number + 1) * len(sizes) // partitions
        recordings = [PlannedRecording(n, sizes[n]) for n in range(taken, until)]
        if number % 20 == 1:
            recordings.append(PlannedRecording(len(sizes) + number, 0))
        day, corpus = divmod(number, len(CORPORA))
        date = FIRST_DATE + datetime.timedelta(days=day)
        found.append(PlannedDay(number, CORPORA[corpus], date, first, tuple(recordings)))
        first, taken = first + found[-1].segments, until
    return found


def _sizes(segments: int, rng: np.random.Generator) -> list[int]:
    sizes: list[int] = []
    left = segments
    while left:
        size = round(rng.normal(SEGMENTS_A_RECORDING, _SPREAD))
        sizes.append(min(left, max(_BOUNDS[0], min(size, _BOUNDS[1]))))
        left -= sizes[-1]
    return sizes
