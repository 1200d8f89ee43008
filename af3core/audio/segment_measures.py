"""Measured properties of a segment: loudness, peak, brightness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from af3core.audio import SAMPLE_RATE_HZ
from af3core.audio.decode import Pcm

_CENTROID_WINDOW_SAMPLES = 1024
_LOUDNESS_BLOCK_S = 0.4
_GATE_LUFS = -70.0
"""ITU-R BS.1770: quieter blocks do not count."""


@dataclass(frozen=True)
class SegmentMeasures:
    """None where a property is not defined (silence, or less than one 0.4 s loudness block)."""

    loudness_lufs: float | None
    peak_dbfs: float | None
    spectral_centroid_hz: float | None


def measure_segment(samples: Pcm) -> SegmentMeasures:
    """Measure `[samples]` at 16 kHz mono: ITU-R BS.1770 loudness, sample peak, mean centroid."""
    peak = int(np.abs(samples.astype(np.int32)).max(initial=0))
    if peak == 0:
        return SegmentMeasures(None, None, None)
    audio = samples.astype(np.float32) / 32768
    return SegmentMeasures(
        _loudness(samples), _round(20 * np.log10(peak / 32768)), _centroid(audio)
    )


def _loudness(samples: Pcm) -> float | None:
    """Integrated loudness by FFmpeg's `ebur128`; None where no block passes the gate."""
    if len(samples) < _LOUDNESS_BLOCK_S * SAMPLE_RATE_HZ:
        return None
    import av
    from av.filter import Graph

    graph = Graph()
    source = graph.add_abuffer(sample_rate=SAMPLE_RATE_HZ, format="s16", layout="mono")
    meter = graph.add("ebur128", "metadata=1:framelog=quiet")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE_HZ
    source.push(frame)
    source.push(None)
    loudness = _GATE_LUFS
    while True:
        try:
            measured = cast(av.AudioFrame, sink.pull())
        except (av.error.EOFError, av.error.BlockingIOError):
            return _round(loudness) if loudness > _GATE_LUFS else None
        loudness = float(measured.metadata.get("lavfi.r128.I", loudness))


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


def _round(value: float) -> float:
    """Two decimals: more is noise, and rows of equal audio stay equal."""
    return round(float(value), 2)
