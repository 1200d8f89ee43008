"""Log-mels equal WhisperFeatureExtractor's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import WhisperFeatureExtractor

from af3core.model.audio_limits import AF3_LIMIT, WINDOW_SAMPLES, audio_tokens, mel_frames
from af3core.model.network.log_mel import LogMel
from af3core.model.request import Sound, Waveform

EXTRACTOR = WhisperFeatureExtractor(feature_size=128)
LOG_MEL = LogMel(EXTRACTOR.mel_filters)


def noise(samples: int, seed: int = 0) -> Waveform:
    """Noise that fades, so that frames differ."""
    made = np.random.default_rng(seed).standard_normal(samples)
    return (made * np.linspace(0.5, 0.01, samples)).astype(np.float32)


def theirs(windows: list[Waveform]) -> torch.Tensor:
    return EXTRACTOR(windows, sampling_rate=16_000, return_tensors="pt").input_features


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(480, WINDOW_SAMPLES), min_size=1, max_size=3))
def test_equal_on_the_real_frames_and_the_border(lengths: list[int]) -> None:
    windows = [noise(length, seed) for seed, length in enumerate(lengths)]
    expected = theirs(windows)
    given_mel = LOG_MEL(windows)
    assert given_mel.shape[2] == min(3000, max(map(mel_frames, lengths)) + 2)
    torch.testing.assert_close(given_mel, expected[..., : given_mel.shape[2]], atol=1e-4, rtol=0)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(480, 2 * WINDOW_SAMPLES), min_size=1, max_size=3))
def test_computed_ahead_it_is_what_it_is_in_a_batch(lengths: list[int]) -> None:
    sounds = [Sound(noise(length, seed)) for seed, length in enumerate(lengths)]
    together = [window for sound in sounds for window in sound.windows(AF3_LIMIT)]
    mels = [tuple(LOG_MEL([w])[0].numpy() for w in s.windows(AF3_LIMIT)) for s in sounds]
    ahead = [replace(sound, log_mels=of) for sound, of in zip(sounds, mels, strict=True)]
    heard = [window for sound in ahead for window in sound.windows(AF3_LIMIT)]
    torch.testing.assert_close(LOG_MEL(heard), LOG_MEL(together), atol=1e-5, rtol=0)


def test_silence_and_full_scale() -> None:
    windows = [np.zeros(16_000, np.float32), np.ones(16_000, np.float32)]
    given_mel = LOG_MEL(windows)
    torch.testing.assert_close(given_mel, theirs(windows)[..., :102], atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("samples", "tokens"),
    [(0, 0), (480, 1), (320, 0), (160_000, 250), (163_200, 255), (480_000, 750), (1_040_000, 1625),
     (480_016, 750), (9_600_000, 15_000)],
)  # fmt: skip
def test_tokens_of_a_sound(samples: int, tokens: int) -> None:
    """Values of the processor of transformers 5.23 for 10 s, 10.2 s, 30 s, 65 s, 600 s."""
    assert audio_tokens(samples) == tokens
