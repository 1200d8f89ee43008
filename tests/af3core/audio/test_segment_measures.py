"""Loudness, peak and centroid of known signals."""

from __future__ import annotations

import numpy as np
import pytest

from af3core.audio.segment_measures import SegmentMeasures, measure_segment


def tone(frequency_hz: float, amplitude: float, seconds: float) -> np.ndarray:
    time_s = np.arange(int(seconds * 16_000)) / 16_000
    return np.round(32768 * amplitude * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.int16)


def test_a_997_hz_tone_at_half_scale() -> None:
    """ITU-R BS.1770: at full scale such a sine reads -3.01 LKFS in one channel."""
    described = measure_segment(tone(997, 0.5, 3))
    assert described.loudness_lufs == pytest.approx(-9.03, abs=0.1)
    assert described.peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert described.spectral_centroid_hz == pytest.approx(997, abs=5)


def test_the_centroid_agrees_with_librosa() -> None:
    import librosa

    samples = tone(300, 0.3, 2) + tone(2500, 0.2, 2)
    theirs = librosa.feature.spectral_centroid(
        y=samples / 32768, sr=16_000, n_fft=1024, hop_length=1024, center=False
    ).mean()
    assert measure_segment(samples).spectral_centroid_hz == pytest.approx(theirs, rel=0.01)


def test_silence_has_no_properties_and_short_audio_no_loudness() -> None:
    assert measure_segment(np.zeros(16_000, np.int16)) == SegmentMeasures(None, None, None)
    assert measure_segment(tone(997, 0.5, 0.1)).loudness_lufs is None


def test_a_last_block_that_is_not_whole_changes_no_loudness() -> None:
    whole, longer = tone(997, 0.5, 3), tone(997, 0.5, 3.03)
    assert measure_segment(longer).loudness_lufs == measure_segment(whole).loudness_lufs == -9.0
