"""How a long sound is heard: in windows that overlap, of each only what lies far from its cuts.

A model's attention over all of a long sound takes memory by the square, and a cut through a word
spoils its frames. So each window is heard with some seconds of what is around it, whose frames are
dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from af3core.audio import SAMPLE_RATE_HZ

_LONGEST_KEPT_S, _AROUND_S = 50, 5


@dataclass(frozen=True)
class Window:
    """Samples `[start, end)` to hear, and which of their frames count.

    `last_frame` is None where all to the end do.
    """

    start: int
    end: int
    first_frame: int
    last_frame: int | None


def windows(count: int, hop: int) -> Iterator[Window]:
    """The windows of a sound, in order; one where it is short.

    Args:
        count: samples of the sound.
        hop: samples from one frame to the next; windows begin at a frame.
    """
    pieces = max(1, math.ceil(count / (_LONGEST_KEPT_S * SAMPLE_RATE_HZ)))
    kept = math.ceil(count / pieces / hop)
    around = math.ceil(_AROUND_S * SAMPLE_RATE_HZ / hop)
    for number in range(pieces):
        first, is_last = number * kept, number == pieces - 1
        start = max(0, first - around)
        end = count if is_last else min(count, (first + kept + around) * hop)
        last_frame = None if is_last else first + kept - start
        yield Window(start * hop, end, first - start, last_frame)
