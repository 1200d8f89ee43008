"""Measures of signals that are known by how they are made."""

from __future__ import annotations

import numpy as np
import pytest

from af3core.audio.event_measures import (
    level_change_db,
    measure,
    pitch_hz,
    reverberation_s,
    tempo_bpm,
)
from af3core.nano.espeak_voices import Audio

NOTHING = np.zeros(0, np.float32)


def tone(frequency_hz: float, seconds: float) -> Audio:
    """A tone with four overtones, as a voice has."""
    time_s = np.arange(int(seconds * 16_000)) / 16_000
    parts = [np.sin(2 * np.pi * n * frequency_hz * time_s) / n for n in range(1, 6)]
    return np.asarray(0.2 * np.sum(parts, axis=0), np.float32)


def noise(seconds: float) -> Audio:
    random = np.random.default_rng(0)
    return (0.1 * random.standard_normal(int(seconds * 16_000))).astype(np.float32)


def clicks(beats_per_minute: float, seconds: float) -> Audio:
    audio = np.zeros(int(seconds * 16_000), np.float32)
    for start in np.arange(0, seconds, 60 / beats_per_minute):
        first = int(start * 16_000)
        audio[first : first + 400] += noise(0.025)[: len(audio[first : first + 400])] * 5
    return audio


@pytest.mark.parametrize("frequency_hz", [95.0, 220.0, 440.0])
def test_the_pitch_of_a_tone(frequency_hz: float) -> None:
    assert pitch_hz(tone(frequency_hz, 1.0)) == pytest.approx(frequency_hz, rel=0.01)


def test_noise_silence_and_a_blink_have_no_pitch() -> None:
    assert pitch_hz(noise(1.0)) is None
    assert pitch_hz(np.zeros(16_000, np.float32)) is None
    assert pitch_hz(tone(220, 0.02)) is None


@pytest.mark.parametrize("beats_per_minute", [90.0, 120.0])
def test_the_tempo_of_clicks(beats_per_minute: float) -> None:
    assert tempo_bpm(clicks(beats_per_minute, 12)) == pytest.approx(beats_per_minute, rel=0.05)


def test_silence_and_less_than_three_seconds_have_no_tempo() -> None:
    assert tempo_bpm(np.zeros(80_000, np.float32)) is None
    assert tempo_bpm(clicks(120, 2)) is None


@pytest.mark.parametrize("seconds", [0.4, 1.2])
def test_reverberation_of_noise_that_falls_by_60_db_in_a_known_time(seconds: float) -> None:
    time_s = np.arange(2 * 16_000) / 16_000
    tail = noise(2) * 10 ** (-3 * time_s / seconds)
    audio = np.concatenate([noise(1), tail]).astype(np.float32)
    assert reverberation_s(audio) == pytest.approx(seconds, rel=0.15)


def test_a_sound_that_stops_dead_has_no_reverberation() -> None:
    assert reverberation_s(np.concatenate([noise(1), np.zeros(8000, np.float32)])) is None
    assert reverberation_s(noise(1)) is None


def test_the_change_of_level_is_that_of_the_thirds() -> None:
    audio = np.concatenate([noise(1), noise(1), noise(1) * 10 ** (-12 / 20)]).astype(np.float32)
    assert level_change_db(audio) == pytest.approx(-12.0, abs=0.1)
    assert level_change_db(noise(3)) == pytest.approx(0.0, abs=0.2)
    assert level_change_db(noise(0.2)) is None
    assert level_change_db(np.zeros(16_000, np.float32)) is None


def test_only_music_has_a_tempo() -> None:
    audio = clicks(120, 6)
    assert measure(audio, NOTHING, is_music=False).tempo_bpm is None
    assert measure(audio, NOTHING, is_music=True).tempo_bpm == pytest.approx(120, rel=0.05)
