"""Sounds that change their rate while they come."""

from __future__ import annotations

import os
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.audio.resample import Resampler

RATES_HZ = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000)


def tone(rate_hz: int, seconds: float) -> npt.NDArray[np.float32]:
    at = np.arange(round(rate_hz * seconds)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * 440 * at)).astype(np.float32)


@pytest.mark.parametrize("from_hz", RATES_HZ)
@pytest.mark.parametrize("to_hz", [16_000, 44_100, 48_000])
def test_a_tone_stays_the_tone(from_hz: int, to_hz: int) -> None:
    resampler = Resampler(from_hz, to_hz)
    heard = np.concatenate([resampler.add(tone(from_hz, 1.0)), resampler.flush()])
    assert len(heard) == pytest.approx(to_hz, abs=1)
    inner = slice(to_hz // 20, -to_hz // 20)
    assert np.abs(heard[inner] - tone(to_hz, 1.0)[: len(heard)][inner]).max() < 0.002


def test_what_16_khz_cannot_hold_is_taken_out() -> None:
    """Without a filter 15 kHz would be heard as 1 kHz."""
    at = np.arange(48_000) / 48_000
    resampler = Resampler(48_000, 16_000)
    high = (0.5 * np.sin(2 * np.pi * 15_000 * at)).astype(np.float32)
    heard = np.concatenate([resampler.add(high), resampler.flush()])
    assert np.abs(heard[800:-800]).max() < 0.0005


@settings(deadline=None)
@given(
    st.sampled_from(RATES_HZ),
    st.sampled_from([16_000, 44_100, 48_000]),
    st.lists(st.integers(0, 8_000), max_size=6),
)
def test_where_pieces_end_changes_nothing(from_hz: int, to_hz: int, cuts: list[int]) -> None:
    sound = tone(from_hz, 1.0)
    whole, cut = Resampler(from_hz, to_hz), Resampler(from_hz, to_hz)
    expected = np.concatenate([whole.add(sound), whole.flush()])
    places = [0, *sorted(cuts), len(sound)]
    pieces = [cut.add(sound[start:end]) for start, end in pairwise(places)]
    assert np.array_equal(np.concatenate([*pieces, cut.flush()]), expected)


def threads() -> set[str]:
    """Those of FFmpeg too; what earlier tests started may end meanwhile."""
    return set(os.listdir("/proc/self/task"))


def test_a_sound_that_ended_leaves_nothing_to_the_next_and_no_thread() -> None:
    resampler, sound = Resampler(44_100, 16_000), tone(44_100, 0.5)
    before = threads()
    first, second = (np.concatenate([resampler.add(sound), resampler.flush()]) for _ in range(2))
    assert np.array_equal(first, second)
    assert threads() - before == set()


def test_nothing_stays_nothing() -> None:
    resampler = Resampler(48_000, 16_000)
    assert len(resampler.add(np.zeros(0, np.float32))) == 0
    assert len(resampler.flush()) == 0
