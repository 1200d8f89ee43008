"""The error rate of a diarization: missed, false and confused speech, by the best pairing of names.

As NIST's (Rich Transcription) and as pyannote.metrics 4.2.0's DiarizationErrorRate, whose `collar`
is both sides together: to six digits the same on eight recordings of this folder.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

Turn = tuple[float, float, str]
"""Start and end in seconds, and who speaks."""


@dataclass(frozen=True)
class DiarizationError:
    """Seconds."""

    speech_s: float
    missed_s: float
    false_s: float
    confused_s: float

    @property
    def rate(self) -> float:
        """Of speech."""
        return (self.missed_s + self.false_s + self.confused_s) / max(self.speech_s, 1e-9)

    def __add__(self, other: DiarizationError) -> DiarizationError:
        return DiarizationError(
            self.speech_s + other.speech_s,
            self.missed_s + other.missed_s,
            self.false_s + other.false_s,
            self.confused_s + other.confused_s,
        )


NO_ERROR = DiarizationError(0.0, 0.0, 0.0, 0.0)


def diarization_error(
    known: Sequence[Turn], found: Sequence[Turn], collar_s: float, with_overlap: bool
) -> DiarizationError:
    """The error of one recording.

    Args:
        known: who really speaks.
        found: as told.
        collar_s: on either side of a known border, that is not judged.
        with_overlap: False judges no time in which two people speak.
    """
    parts = [
        (end - start, speakers, heard)
        for start, end, speakers, heard in parts_of(known, found, collar_s)
        if with_overlap or len(speakers) < 2
    ]
    partner = _pairing(parts)
    error = NO_ERROR
    for length, speakers, heard in parts:
        right = len({partner.get(name) for name in heard} & speakers)
        both = min(len(speakers), len(heard))
        error += DiarizationError(
            length * len(speakers),
            length * max(0, len(speakers) - len(heard)),
            length * max(0, len(heard) - len(speakers)),
            length * (both - right),
        )
    return error


def parts_of(
    known: Sequence[Turn], found: Sequence[Turn], collar_s: float = 0.0
) -> Iterable[tuple[float, float, frozenset[str], frozenset[str]]]:
    """Stretches in which nobody begins or ends, with who speaks and who is heard."""
    borders = [edge for start, end, _ in _joined(known) for edge in (start, end)]
    collars = [(edge - collar_s, edge + collar_s) for edge in borders] if collar_s else []
    edges = sorted({edge for start, end, *_ in (*known, *found, *collars) for edge in (start, end)})
    for start, end in itertools.pairwise(edges):
        middle = (start + end) / 2
        if any(first < middle < last for first, last in collars):
            continue
        yield start, end, _speaking(known, middle), _speaking(found, middle)


def _joined(turns: Sequence[Turn]) -> list[Turn]:
    """Turns of one name that touch are one."""
    joined: list[Turn] = []
    for turn in sorted(turns, key=lambda each: (each[2], each[0])):
        if joined and joined[-1][2] == turn[2] and turn[0] <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], turn[1]), turn[2])
        else:
            joined.append(turn)
    return joined


def _speaking(turns: Sequence[Turn], at: float) -> frozenset[str]:
    return frozenset(name for start, end, name in turns if start < at < end)


def _pairing(
    parts: Sequence[tuple[float, frozenset[str], frozenset[str]]],
) -> dict[str, str]:
    """Of each heard name the real one: the pairs that share most time."""
    from scipy.optimize import linear_sum_assignment

    real = sorted({name for _, speakers, _ in parts for name in speakers})
    told = sorted({name for _, _, heard in parts for name in heard})
    shared = np.zeros((len(told), len(real)))
    for length, speakers, heard in parts:
        for one, other in itertools.product(heard, speakers):
            shared[told.index(one), real.index(other)] += length
    rows, columns = linear_sum_assignment(shared, maximize=True)
    return {told[row]: real[column] for row, column in zip(rows, columns, strict=True)}
