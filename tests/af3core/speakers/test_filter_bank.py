"""Kaldi's filter banks, against transformers' own of them."""

from __future__ import annotations

import numpy as np
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

from af3core.speakers.filter_bank import log_filter_banks


def test_as_kaldi_makes_them() -> None:
    sound = np.random.default_rng(0).standard_normal(8000).astype(np.float32) * 0.1
    sound += np.sin(np.arange(8000) / 9).astype(np.float32) * 0.2
    bank = mel_filter_bank(257, 80, 20, 8000, 16_000, None, "kaldi", True)
    expected = spectrogram(
        sound.astype(np.float64),
        window_function(400, "povey", periodic=False),
        400,
        160,
        fft_length=512,
        power=2.0,
        center=False,
        preemphasis=0.97,
        mel_filters=bank,
        log_mel="log",
        mel_floor=1.192092955078125e-07,
        remove_dc_offset=True,
    ).T
    found = log_filter_banks(sound)
    assert found.shape == (48, 80)
    np.testing.assert_allclose(found, expected - expected.mean(axis=0), atol=2e-3)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-5)


def test_digital_silence_is_even() -> None:
    found = log_filter_banks(np.zeros(16_000, np.float32))
    np.testing.assert_allclose(found, 0, atol=1e-5)
