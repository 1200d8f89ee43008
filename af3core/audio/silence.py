"""Which level counts as silence where a recording is quiet, and when a silence is doubted."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from af3core.audio.channel_mix import Pcm
from af3core.audio.cut_points import frame_levels
from af3core.audio.voice_activity import FRAME_MS

_LOWEST_DBFS = -120
_LOUD_FRAMES = 1000 // FRAME_MS
"""A recording's level is the one that it reaches for a second in all."""
_FLOOR_SHARE = 0.1
_LOW_ABOVE_SILENCE_DB = 20.0
"""A recording is quiet where its loudest second is nearer to the silence level than that: weak
syllables are 20 dB below strong ones, and would count as silence."""
_IDLE_DBFS = -84.0
"""Two steps of 16 bits: what a converter gives without any sound."""
_STEADY_DB = 12.0
"""Hum, hiss and tones keep within it; speech does not."""
_ABOVE_FLOOR_DB, _BELOW_LOUDEST_DB = 6.0, 30.0

DOUBTED_BELOW_SILENCE_DB = 20.0
"""A peak so little below the silence level may be a quiet recording, and no silence."""
DOUBTED_MS = 60_000
"""Nobody archives a minute of nothing on purpose."""


class Levels:
    """How many frames of 32 ms have which level, by whole dB."""

    def __init__(self, chunks: Iterable[Pcm] = ()) -> None:
        self._frames = np.zeros(1 - _LOWEST_DBFS, np.int64)
        for chunk in chunks:
            steps = np.floor(frame_levels(chunk)).astype(int).clip(_LOWEST_DBFS, 0) - _LOWEST_DBFS
            self._frames += np.bincount(steps, minlength=len(self._frames))

    @property
    def loudest_dbfs(self) -> float:
        """The level that is reached for a second, or by all that there is of less."""
        above = np.cumsum(self._frames[::-1])
        wanted = min(_LOUD_FRAMES, int(above[-1]))
        return -float(np.searchsorted(above, max(wanted, 1)))

    @property
    def floor_dbfs(self) -> float:
        """The level that a tenth of the time stays at or below."""
        below = np.cumsum(self._frames)
        return _LOWEST_DBFS + float(np.searchsorted(below, max(_FLOOR_SHARE * below[-1], 1)))


def silence_for(levels: Levels, silence_dbfs: float) -> float:
    """The level in dBFS below which nothing is heard, by the recording's own.

    A recording that is loud enough keeps the given level. Of a quiet one it lies well above the
    floor and well below the loudest second; where both are the same, all is heard.
    """
    loudest, floor = levels.loudest_dbfs, levels.floor_dbfs
    if not _IDLE_DBFS <= loudest < silence_dbfs + _LOW_ABOVE_SILENCE_DB:
        return silence_dbfs
    if loudest - floor < _STEADY_DB:
        return min(silence_dbfs, floor - _ABOVE_FLOOR_DB)
    return min(silence_dbfs, max(floor + _ABOVE_FLOOR_DB, loudest - _BELOW_LOUDEST_DB))


def is_silence_doubted(
    peak_dbfs: float | None, duration_ms: int, silence_dbfs: float, neighbours_heard: bool
) -> bool:
    """Whether it is unlikely that there is nothing in a recording of which nothing was heard.

    Args:
        peak_dbfs: its highest level, of other tracks too; None is digital silence.
        duration_ms: its length.
        silence_dbfs: below which nothing was heard.
        neighbours_heard: the recordings beside it in its folder were all heard.
    """
    is_near = peak_dbfs is not None and peak_dbfs > silence_dbfs - DOUBTED_BELOW_SILENCE_DB
    return is_near or duration_ms >= DOUBTED_MS or neighbours_heard
