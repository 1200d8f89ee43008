"""Kaldi's filter banks (`compute-fbank-feats`, no dither): what voice encoders were trained on."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from af3core.audio import SAMPLE_RATE_HZ
from af3core.model.request import Waveform

FRAME_SAMPLES = SAMPLE_RATE_HZ * 25 // 1000
STEP_SAMPLES = SAMPLE_RATE_HZ * 10 // 1000
BANDS = 80
_FFT_SAMPLES = 512
_PREEMPHASIS = np.float32(0.97)
_LOWEST_HZ, _HIGHEST_HZ = 20.0, SAMPLE_RATE_HZ / 2
_SMALLEST = np.float32(np.finfo(np.float32).eps)


def log_filter_banks(samples: Waveform) -> npt.NDArray[np.float32]:
    """Logarithms of 80 bands, `[frames, 80]`, a frame of 25 ms each 10 ms; the mean of each band
    is 0, so that a telephone's or a microphone's colour is taken away.

    Args:
        samples: 16 kHz mono, at least 25 ms.
    """
    audio = np.asarray(samples, np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(audio, FRAME_SAMPLES)[::STEP_SAMPLES]
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    spectrum = np.fft.rfft((frames - _PREEMPHASIS * before) * _window(), _FFT_SAMPLES)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    bands = np.log(np.maximum(power @ _bank().T, _SMALLEST))
    return np.asarray(bands - bands.mean(axis=0), np.float32)


@functools.cache
def _window() -> npt.NDArray[np.float32]:
    """Povey's: Hann's to the power of 0.85."""
    return np.asarray(np.hanning(FRAME_SAMPLES) ** 0.85, np.float32)


@functools.cache
def _bank() -> npt.NDArray[np.float32]:
    """Triangles `[bands, bins]` on the mel scale 1127 ln(1 + f / 700)."""

    def mel(hertz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return 1127 * np.log1p(hertz / 700)

    ends = mel(np.array([_LOWEST_HZ, _HIGHEST_HZ], np.float64))
    edges = np.linspace(ends[0], ends[1], BANDS + 2)
    bins = mel(np.asarray(np.fft.rfftfreq(_FFT_SAMPLES, 1 / SAMPLE_RATE_HZ), np.float64))
    left, middle, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - left) / (middle - left), (right - bins) / (right - middle)
    return np.asarray(np.minimum(rising, falling).clip(0), np.float32)
