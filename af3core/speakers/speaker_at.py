"""Who speaks at a time, by the turns of a recording. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

NEAR_MS = 300
"""The edges of turns and words are known no better: a word beside a turn is of it."""


@dataclass(frozen=True)
class TimedSpeaker:
    """A turn of a speaker, by whatever name: of the voice, its identity, or a person."""

    start_ms: int
    end_ms: int
    speaker: str


class SpeakerTimes:
    """The turns of one recording, or one channel of it, to be asked about many times.

    Args:
        turns: in order of their starts.
    """

    def __init__(self, turns: Sequence[TimedSpeaker] = ()) -> None:
        self._turns = turns
        self._ended_by_ms = list(accumulate((turn.end_ms for turn in turns), max))

    def at(self, start_ms: int, end_ms: int) -> str:
        """Who speaks from one time to another, such as in a word: whoever speaks longest in it, of
        equals the first; of those at most NEAR_MS away, where nobody speaks in it, the nearest.
        Empty where nobody does.
        """
        shared: defaultdict[str, int] = defaultdict(int)
        nearest, distance_ms = "", NEAR_MS + 1
        first = bisect_left(self._ended_by_ms, start_ms - NEAR_MS)
        end = bisect_right(self._turns, end_ms + NEAR_MS, key=lambda turn: turn.start_ms)
        for turn in self._turns[first:end]:
            both_ms = min(turn.end_ms, end_ms) - max(turn.start_ms, start_ms)
            if both_ms > 0:
                shared[turn.speaker] += both_ms
            elif -both_ms < distance_ms:
                nearest, distance_ms = turn.speaker, -both_ms
        return max(shared, key=lambda speaker: shared[speaker]) if shared else nearest
