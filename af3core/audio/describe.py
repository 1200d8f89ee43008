"""Measured properties of a segment: loudness, peak, brightness."""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from af3core.audio import SAMPLE_RATE_HZ
from af3core.audio.decode import Pcm

_CENTROID_WINDOW_SAMPLES = 1024
_LOUDNESS_BLOCK_S = 0.4


@dataclass(frozen=True)
class Description:
    """None where a property is not defined (silence, or less than one 0.4 s loudness block)."""

    loudness_lufs: float | None
    peak_dbfs: float | None
    spectral_centroid_hz: float | None


def describe(samples: Pcm) -> Description:
    """Measure `[samples]` at 16 kHz mono: ITU-R BS.1770 loudness, sample peak, mean centroid."""
    peak = int(np.abs(samples.astype(np.int32)).max(initial=0))
    if peak == 0:
        return Description(None, None, None)
    audio = samples.astype(np.float32) / 32768
    return Description(_loudness(audio), _round(20 * np.log10(peak / 32768)), _centroid(audio))


def _loudness(audio: Any) -> float | None:
    if len(audio) < _LOUDNESS_BLOCK_S * SAMPLE_RATE_HZ:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        loudness = float(_meter().integrated_loudness(audio))
    return _round(loudness) if np.isfinite(loudness) else None


def _centroid(audio: Any) -> float | None:
    """Mean over windows of the magnitude-weighted mean frequency, silent windows left out."""
    count = len(audio) // _CENTROID_WINDOW_SAMPLES
    frames = audio[: count * _CENTROID_WINDOW_SAMPLES].reshape(count, _CENTROID_WINDOW_SAMPLES)
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(_CENTROID_WINDOW_SAMPLES).astype("f4")))
    frequencies = np.fft.rfftfreq(_CENTROID_WINDOW_SAMPLES, 1 / SAMPLE_RATE_HZ)
    magnitude = spectrum.sum(axis=1)
    heard = magnitude > 0
    if not heard.any():
        return None
    return _round(((spectrum[heard] @ frequencies) / magnitude[heard]).mean())


@functools.cache
def _meter() -> Any:
    import pyloudnorm

    return pyloudnorm.Meter(SAMPLE_RATE_HZ)


def _round(value: float) -> float:
    """Two decimals: more is noise, and rows of equal audio stay equal."""
    return round(float(value), 2)
