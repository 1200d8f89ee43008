"""Stretches of a clip in which something is heard, between stretches in which nothing is.

Levels are taken in frames of 10 ms against the clip's own floor, with hysteresis: a stretch must
rise well above the floor once, and lasts as long as it stays a little above it. Taps, steps and
ticks that follow each other make one stretch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from af3core.audio import SAMPLE_RATE_HZ
from af3core.audio.cut_points import runs_of_true

Waveform = npt.NDArray[np.float32]
FRAME_MS = 10
REGIONS_VERSION = 1
"""Counts up when the same audio gives other stretches."""

_FRAME_SAMPLES = SAMPLE_RATE_HZ * FRAME_MS // 1000
_FLOOR_PERCENTILE = 3
_ONSET_DB, _REST_DB = 15.0, 6.0
"""Above the floor: what a stretch must reach once, and where it ends."""
_PAUSE_FRAMES = 25
"""A quarter of a second of rest parts two stretches: longer than between words, shorter than
between sentences."""
_TAP_FRAMES, _SERIES_FRAMES = 40, 75
"""Stretches below 0.4 s that follow each other within 0.75 s are a series of taps."""
_SHORTEST_FRAMES = 4


@dataclass(frozen=True)
class Region:
    """A stretch in milliseconds from the start of the clip."""

    start_ms: int
    end_ms: int


def find_regions(samples: Waveform) -> list[Region]:
    """The stretches of `[samples]` at 16 kHz mono, in order, apart by a quarter of a second.

    Empty where nothing is heard, and also where something is heard all the time: a bed of music or
    of noise leaves no rest to tell stretches apart by (`is_dense`).
    """
    levels = _levels(samples)
    if not len(levels):
        return []
    floor = float(np.percentile(levels, _FLOOR_PERCENTILE))
    onset = levels > floor + _ONSET_DB
    heard = [run for run in runs_of_true(levels > floor + _REST_DB) if onset[slice(*run)].any()]
    joined = _merge_taps(_merge_close(heard))
    return [
        Region(start * FRAME_MS, end * FRAME_MS)
        for start, end in joined
        if end - start >= _SHORTEST_FRAMES
    ]


def is_dense(samples: Waveform, silence_dbfs: float = -60.0) -> bool:
    """True where the clip's quietest moments are still heard: it has no rest."""
    levels = _levels(samples)
    return bool(len(levels)) and float(np.percentile(levels, _FLOOR_PERCENTILE)) > silence_dbfs


def _levels(samples: Waveform) -> npt.NDArray[np.float64]:
    """Power of each frame in dB of full scale, `[frames]`, smoothed over three frames."""
    count = len(samples) // _FRAME_SAMPLES
    if not count:
        return np.empty(0)
    frames = samples[: count * _FRAME_SAMPLES].reshape(count, _FRAME_SAMPLES).astype(np.float64)
    power = np.convolve((frames**2).mean(axis=1), np.ones(3) / 3, mode="same")
    return np.asarray(10 * np.log10(power + 1e-12))


def _merge_close(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Runs with less than a pause between them as one."""
    joined: list[tuple[int, int]] = []
    for start, end in runs:
        if joined and start - joined[-1][1] < _PAUSE_FRAMES:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _merge_taps(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Short runs close together as one: footsteps are one event, not ten."""
    joined: list[tuple[int, int]] = []
    last_is_tap = False
    for start, end in runs:
        is_tap = end - start < _TAP_FRAMES
        if joined and is_tap and last_is_tap and start - joined[-1][1] < _SERIES_FRAMES:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
        last_is_tap = is_tap
    return joined
