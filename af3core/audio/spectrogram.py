"""Spectrograms to look at: the mel scale upwards, time to the right, decibels as colour."""

from __future__ import annotations

import functools
from io import BytesIO

import numpy as np
import numpy.typing as npt

from af3core.audio import SAMPLE_RATE_HZ

_WINDOW_SAMPLES = 1024
_RANGE_DB = 70.0
"""What lies further below the loudest is dark."""

_QUIETEST_TOP_DBFS = -60.0
"""Quieter than that, noise is not made to look loud."""

_PALETTE = bytes.fromhex(
    "00000301010b0404150a07220f0b2c160e3a1c10462511552d1060370f6c400f73481078"
    "52127c5a157e63197f6b1c807420817c23818526818d2980952c809f2f7ea7317db1357a"
    "b93778c33b74cb3e71d4436ddc4869e24d65ea5560ee5d5df3675bf6705bf97b5dfb8460"
    "fc9064fd9969fda26ffeae76feb77dfec286fecb8efdd698fddfa1fceaacfcf3b5fbfcbf"
)
"""Magma (matplotlib's, CC0) in 48 steps of red, green, blue: perceptually uniform, readable in grey
and by the colour-blind. More steps are not told apart, and make the file larger."""
_COLOURS = len(_PALETTE) // 3

_CHUNK_WINDOWS = 4096
_SMALLEST_POWER = 1e-20


def spectrogram_png(samples: npt.NDArray[np.float32], width_px: int, height_px: int) -> bytes:
    """A mel spectrogram, 0 to 8 kHz, as a PNG of exactly that size.

    Args:
        samples: `[samples]` in [-1, 1], 16 kHz mono; none and silence are dark.
        width_px: columns; each shows the mean power of its share of the time.
        height_px: rows, equally spaced on the mel scale.

    Returns:
        The file; equal samples give equal bytes.
    """
    from PIL import Image

    levels = 10 * np.log10(np.maximum(_mel_power(samples, width_px, height_px), _SMALLEST_POWER))
    top = max(float(levels.max()), _QUIETEST_TOP_DBFS)
    shares = ((levels - top) / _RANGE_DB + 1).clip(0, 1)
    indices = np.round(shares * (_COLOURS - 1)).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(indices[::-1]))
    image.putpalette(_PALETTE)
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


def _mel_power(
    samples: npt.NDArray[np.float32], width_px: int, height_px: int
) -> npt.NDArray[np.float32]:
    """Power `[height_px, width_px]`, lowest band first; a full-scale sine has 0 dB."""
    half = _WINDOW_SAMPLES // 2
    padded = np.pad(np.asarray(samples, np.float32), half)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW_SAMPLES)
    per_column = max(1, round(len(samples) / width_px / half))
    # window number n has its middle at sample n
    middles = (np.arange(width_px * per_column) + 0.5) * len(samples) / (width_px * per_column)
    taper = np.hanning(_WINDOW_SAMPLES).astype(np.float32)
    scale = np.float32(2 / taper.sum())
    bank = _mel_bank(height_px)
    columns_at_once = max(1, _CHUNK_WINDOWS // per_column)
    power = np.empty((height_px, width_px), np.float32)
    for first in range(0, width_px, columns_at_once):
        last = min(first + columns_at_once, width_px)
        chosen = middles[first * per_column : last * per_column].astype(np.int64)
        spectrum = np.fft.rfft(windows[chosen] * taper) * scale
        bins = spectrum.real**2 + spectrum.imag**2
        means = bins.reshape(last - first, per_column, -1).mean(axis=1)
        power[:, first:last] = bank @ means.T
    return power


@functools.cache
def _mel_bank(bands: int) -> npt.NDArray[np.float32]:
    """Triangles `[bands, bins]` of weight 1 each; none is narrower than a bin."""
    bins_hz = np.fft.rfftfreq(_WINDOW_SAMPLES, 1 / SAMPLE_RATE_HZ)
    top_mel = 2595 * np.log10(1 + SAMPLE_RATE_HZ / 2 / 700)
    edges_hz = 700 * (10 ** (np.linspace(0, top_mel, bands + 2) / 2595) - 1)
    middles = edges_hz[1:-1, None]
    half_widths = np.maximum((edges_hz[2:] - edges_hz[:-2])[:, None] / 2, bins_hz[1])
    weights = (1 - np.abs(bins_hz - middles) / half_widths).clip(0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)
