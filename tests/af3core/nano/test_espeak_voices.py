"""Speakers: every voice exists, and the times of words are true."""

from __future__ import annotations

import numpy as np
import pytest

from af3core.audio.voice_activity import FRAME_MS
from af3core.nano.espeak_voices import (
    ACCENTS,
    HELD_OUT_MEN,
    HELD_OUT_WOMEN,
    MEN,
    WOMEN,
    Speaker,
    speak,
)
from af3core.nano.lexicon import all_words
from af3core.nano.targets import PHONES

VOICES = [*WOMEN, *MEN, *HELD_OUT_WOMEN, *HELD_OUT_MEN]


def test_the_world_has_a_thousand_words() -> None:
    assert len(all_words()) >= 1000


def test_held_out_voices_are_not_among_the_others() -> None:
    assert len(VOICES) == len(set(VOICES))


@pytest.mark.parametrize("accent", ACCENTS)
def test_every_voice_speaks_with_every_accent_in_known_phones(accent: str) -> None:
    for variant in VOICES:
        spoken = speak(Speaker(accent, variant, "man", 50, 160), "the storm will be loud")
        assert np.abs(spoken.audio).max() == pytest.approx(1.0)
        assert set(spoken.phones) <= set(PHONES), variant


def test_a_voice_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="no voice xx-nowhere"):
        speak(Speaker("xx-nowhere", "m1", "man", 50, 160), "storm")


def test_words_start_where_the_sound_starts() -> None:
    """A pause before a word, made with a comma, ends where the word is said to start."""
    spoken = speak(Speaker("en-us", "m1", "man", 50, 160), "storm, garden, london")
    samples_per_frame = 16 * FRAME_MS
    count = len(spoken.audio) // samples_per_frame
    frames = spoken.audio[: count * samples_per_frame].reshape(count, samples_per_frame)
    loud = np.abs(frames).max(axis=1) > 0.05
    starts_ms = [FRAME_MS * i for i in range(1, count) if loud[i] and not loud[i - 3 : i].any()]
    assert spoken.word_starts_ms[0] < 60
    for word_ms in spoken.word_starts_ms[1:]:
        assert min(abs(word_ms - start_ms) for start_ms in starts_ms) < 2 * FRAME_MS


def test_words_that_are_spoken_as_one_share_its_time() -> None:
    spoken = speak(Speaker("en-us", "m1", "man", 50, 160), "it was the best of the season")
    assert len(spoken.word_starts_ms) == 7
    assert list(spoken.word_starts_ms) == sorted(set(spoken.word_starts_ms))
