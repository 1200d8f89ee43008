"""Mono audio at one rate turned into another while it comes, by FFmpeg's resampler."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]


class Resampler:
    """Turns one sound, given in pieces; where the pieces end changes nothing.

    Args:
        from_hz: rate of what is added.
        to_hz: rate of what comes out.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        import av

        self._from_hz, self._to_hz = from_hz, to_hz
        self._added = 0
        self._same = from_hz == to_hz
        self._av: Any = av
        self._resampler: Any = self._new_resampler()

    def add(self, samples: Samples) -> Samples:
        """What is ready of the sound so far, float32 `[samples]`."""
        if self._same or not len(samples):
            return samples
        frame = self._av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[None], np.float32), format="flt", layout="mono"
        )
        frame.sample_rate, frame.pts = self._from_hz, self._added
        self._added += len(samples)
        return self._concatenate(self._resampler.resample(frame))

    def flush(self) -> Samples:
        """The rest of the sound; what is added next begins another. FFmpeg's threads end."""
        if self._same or not self._added:
            return np.zeros(0, np.float32)
        rest = self._concatenate(self._resampler.resample(None))
        self._resampler, self._added = self._new_resampler(), 0
        return rest

    def _new_resampler(self) -> Any:
        return self._av.AudioResampler("flt", "mono", self._to_hz)

    @staticmethod
    def _concatenate(frames: list[Any]) -> Samples:
        parts = [frame.to_ndarray()[0] for frame in frames]
        return np.concatenate([np.zeros(0, np.float32), *parts])
