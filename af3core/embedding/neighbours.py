"""The nearest vectors of other recordings, exactly, in an order that no machine changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]

DIGITS = 6
"""Of a distance: further ones differ between machines and batches, and would decide ties."""


@dataclass(frozen=True)
class EmbeddedSegment:
    """A segment that may be a neighbour; `date` is that of its partition."""

    recording_id: str
    segment_id: str
    date: str
    caption: str


@dataclass(frozen=True)
class Neighbour:
    """A segment and its cosine distance: 0 the same direction, 1 unrelated, 2 opposite."""

    segment: EmbeddedSegment
    distance: float


@dataclass(frozen=True)
class Neighbourhood:
    """Segments with their unit vectors `[segments, dimensions]`."""

    segments: tuple[EmbeddedSegment, ...]
    vectors: Vectors

    def distances(self, query: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Cosine distances `[segments]` to a unit vector `[dimensions]`."""
        found: npt.NDArray[np.float64] = np.round(
            1.0 - (self.vectors @ query).astype(np.float64), DIGITS
        )
        return found

    def nearest(
        self, query: npt.NDArray[np.float32], count: int, recording_id: str
    ) -> tuple[Neighbour, ...]:
        """The nearest segments of other recordings, nearest first; of equal ones the first by
        recording and segment.

        A recording is its bytes, so that a copy of the file is the same recording. Of neighbours
        with the same caption the nearest stands for all: the others would tell nothing more.

        Args:
            query: a unit vector `[dimensions]`.
            count: how many are wanted.
            recording_id: whose segments are left out.
        """
        if not self.segments or not count:
            return ()
        distances = self.distances(query)
        chosen: dict[str, Neighbour] = {}
        for row in np.lexsort((self._ranks, distances)):
            segment = self.segments[row]
            if segment.recording_id != recording_id:
                chosen.setdefault(segment.caption, Neighbour(segment, float(distances[row])))
            if len(chosen) == count:
                break
        return tuple(chosen.values())

    def farthest(
        self, query: npt.NDArray[np.float32], count: int, recording_id: str, among: int
    ) -> tuple[Neighbour, ...]:
        """As many of the `among` farthest segments of other recordings, evenly over them, so that
        not all queries get the same few; of equal captions the farthest.
        """
        if not self.segments:
            return ()
        distances = self.distances(query)
        pool: dict[str, Neighbour] = {}
        for row in np.lexsort((self._ranks, -distances)):
            segment = self.segments[row]
            if segment.recording_id != recording_id:
                pool.setdefault(segment.caption, Neighbour(segment, float(distances[row])))
            if len(pool) == among:
                break
        step = max(1, len(pool) // count)
        return tuple(pool.values())[::step][:count]

    @cached_property
    def _ranks(self) -> npt.NDArray[np.int64]:
        """Each segment's place in the order of recordings and segments."""
        names = [(segment.recording_id, segment.segment_id) for segment in self.segments]
        ranks = np.empty(len(names), np.int64)
        ranks[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
        return ranks


def unit_vector(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The vector at length 1; one without a direction stays as it is."""
    length = np.linalg.norm(vector)
    return vector / length if length else vector
