"""Spectrograms: the size that was asked for, the tone where it sounds, defined for everything."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from af3core.audio import SAMPLE_RATE_HZ
from af3core.audio.spectrogram import spectrogram_png


def _tone(hz: float, seconds: float, amplitude: float = 0.5) -> npt.NDArray[np.float32]:
    times = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return np.asarray(amplitude * np.sin(2 * np.pi * hz * times), np.float32)


def _levels(samples: npt.NDArray[np.float32], width: int, height: int) -> npt.NDArray[np.int64]:
    """Colour numbers `[height, width]`, the top row first."""
    image = Image.open(BytesIO(spectrogram_png(samples, width, height)))
    assert image.mode == "P"
    return np.asarray(image, np.int64)


@pytest.mark.parametrize(("hz", "row"), [(100, 121), (440, 103), (1000, 82), (4000, 31)])
def test_a_tone_is_one_bright_line_at_its_pitch_on_the_mel_scale(hz: int, row: int) -> None:
    levels = _levels(_tone(hz, 2), 100, 128)
    assert abs(int(levels[:, 50].argmax()) - row) <= 1
    assert levels.max() == 47
    assert (levels[:, 50] > 40).sum() <= 8


def test_time_runs_to_the_right() -> None:
    audio = np.concatenate([np.zeros(SAMPLE_RATE_HZ, np.float32), _tone(1000, 1)])
    loudest = _levels(audio, 100, 64).max(axis=0)
    assert loudest[:46].max() == 0
    assert loudest[54:].min() >= 46


def test_each_column_hears_all_of_its_time() -> None:
    """A click of 20 ms in ten minutes is seen, though a column stands for a second."""
    audio = np.zeros(600 * SAMPLE_RATE_HZ, np.float32)
    at = int(123.45 * SAMPLE_RATE_HZ)
    audio[at : at + 320] = _tone(2000, 0.02)
    levels = _levels(audio, 600, 32)
    assert levels.max(axis=0).argmax() == 123


def test_silence_and_nothing_are_dark() -> None:
    for samples in (np.zeros(SAMPLE_RATE_HZ, np.float32), np.zeros(0, np.float32)):
        assert _levels(samples, 40, 20).max() == 0


def test_noise_far_below_is_not_made_to_look_loud() -> None:
    hiss = np.random.default_rng(1).normal(0, 1e-6, SAMPLE_RATE_HZ).astype(np.float32)
    assert _levels(hiss, 40, 20).max() <= 1


def test_equal_samples_give_equal_bytes() -> None:
    audio = _tone(700, 3)
    assert spectrogram_png(audio, 320, 96) == spectrogram_png(audio.copy(), 320, 96)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 3000), st.integers(1, 300), st.integers(1, 300))
def test_any_length_gives_exactly_the_size(length: int, width: int, height: int) -> None:
    audio = np.random.default_rng(length).uniform(-1, 1, length).astype(np.float32)
    image = Image.open(BytesIO(spectrogram_png(audio, width, height)))
    image.load()
    assert image.format == "PNG"
    assert image.size == (width, height)


def test_the_colours_are_magma() -> None:
    from matplotlib import colormaps

    image = Image.open(BytesIO(spectrogram_png(_tone(440, 1), 32, 32)))
    shades = colormaps["magma"](np.linspace(0, 1, 48), bytes=True)[:, :3]
    assert (image.getpalette() or [])[: 48 * 3] == shades.flatten().tolist()
