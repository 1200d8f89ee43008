"""Who speaks when, of synthesised voices whose times are known."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.audio import SAMPLE_RATE_HZ
from af3core.nano.espeak_voices import Audio, Speaker, speak
from af3core.speakers.diarization import (
    Diarization,
    DiarizationLimits,
    SpeechVectors,
    diarize,
    speech_vectors,
)
from af3core.speakers.voice_encoder import load_voice_encoder

MAN = Speaker("en-us", "m3", "man", 40, 150)
WOMAN = Speaker("en-gb-x-rp", "f2", "woman", 60, 165)
LINES = (
    (MAN, "the storm will be loud tomorrow because the river flooded this garden in london"),
    (WOMAN, "nobody told the farmers that the road over the mountain is closed this winter"),
    (MAN, "seven old trains left the harbour before the doctor heard the bells of the town"),
)
LIMITS = DiarizationLimits()


@functools.cache
def conversation() -> tuple[Audio, tuple[tuple[int, int], ...]]:
    """Three lines with half a second between them, and their places in milliseconds."""
    pause = np.zeros(SAMPLE_RATE_HZ // 2, np.float32)
    parts, places, at_ms = [pause], [], 500
    for speaker, words in LINES:
        line = 0.4 * speak(speaker, words).audio
        parts += [line, pause]
        length_ms = round(1000 * len(line) / SAMPLE_RATE_HZ)
        places.append((at_ms, at_ms + length_ms))
        at_ms += length_ms + 500
    return np.concatenate(parts), tuple(places)


@functools.cache
def heard(start_ms: int = 0) -> SpeechVectors:
    return speech_vectors(conversation()[0], start_ms, load_voice_encoder("campplus"))


def spoken_ms(found: Diarization, voice: int, place: tuple[int, int]) -> int:
    return sum(
        max(0, min(turn.end_ms, place[1]) - max(turn.start_ms, place[0]))
        for turn in found.turns
        if turn.voice == voice
    )


def test_two_voices_by_turns() -> None:
    found = diarize([heard()], LIMITS)
    assert [voice.number for voice in found.voices] == [1, 2]
    for place, own, other in zip(conversation()[1], (1, 2, 1), (2, 1, 2), strict=True):
        assert spoken_ms(found, own, place) > 0.85 * (place[1] - place[0])
        assert spoken_ms(found, other, place) < 0.15 * (place[1] - place[0])
    assert {turn.is_overlap for turn in found.turns} <= {False, True}
    assert all(0 <= turn.confidence <= 1 for turn in found.turns)
    for voice in found.voices:
        assert voice.speech_ms == sum(
            turn.end_ms - turn.start_ms for turn in found.turns if turn.voice == voice.number
        )
        assert np.linalg.norm(voice.vector) == pytest.approx(1, abs=1e-5)


def test_a_later_clip_has_later_times_and_the_same_voices() -> None:
    one, other = heard(), heard(60_000)
    assert (other.spans_ms - one.spans_ms == 60_000).all()
    found = diarize([one, other], LIMITS)
    assert len(found.voices) == 2
    first = [turn for turn in found.turns if turn.start_ms < 60_000]
    assert [(turn.start_ms + 60_000, turn.voice) for turn in first] == [
        (turn.start_ms, turn.voice) for turn in found.turns if turn.start_ms >= 60_000
    ]


def test_what_is_kept_is_what_was_heard() -> None:
    kept = SpeechVectors.from_bytes(heard().to_bytes())
    assert kept.spans_ms.tolist() == heard().spans_ms.tolist()
    assert kept.windows.tolist() == heard().windows.tolist()
    np.testing.assert_allclose(kept.vectors, heard().vectors, atol=1e-3)
    assert diarize([kept], LIMITS).turns == diarize([kept], LIMITS).turns
    for bad in (b"", b"half", heard().to_bytes()[:-100]):
        with pytest.raises(ValueError, match="no speech vectors"):
            SpeechVectors.from_bytes(bad)


def test_the_number_of_voices_may_be_given() -> None:
    assert len(diarize([heard()], DiarizationLimits(voice_count=1)).voices) == 1


@pytest.mark.parametrize("seconds", [0, 0.01, 12])
def test_no_speech_has_no_voices(seconds: float) -> None:
    silence = np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)
    found = speech_vectors(silence, 0, load_voice_encoder("campplus"))
    assert found.vectors.shape == (0, 192)
    assert diarize([found], LIMITS) == Diarization((), ())
    assert diarize([], LIMITS) == Diarization((), ())


def voices(vectors: list[list[float]], alone_ms: list[int], windows: list[int]) -> SpeechVectors:
    """Pieces one after the other, a second each; those of one window are of unlike voices."""
    count = len(vectors)
    starts = 1000 * np.arange(count)
    window_voices = [windows[:place].count(window) for place, window in enumerate(windows)]
    table = np.array(vectors, np.float32)
    return SpeechVectors(
        spans_ms=np.stack([starts, starts + 1000], axis=1),
        span_pieces=np.arange(count),
        windows=np.array(windows, np.int64),
        window_voices=np.array(window_voices, np.int64),
        alone_ms=np.array(alone_ms, np.int64),
        vectors=table / np.linalg.norm(table, axis=1, keepdims=True),
    )


def test_two_voices_of_a_window_are_two_people() -> None:
    clip = voices(
        [[1, 0, 0], [0, 1, 0], [1, 0.1, 0], [1, 0.3, 0]], [5000, 5000, 5000, 5000], [0, 1, 2, 2]
    )
    assert [turn.voice for turn in diarize([clip], LIMITS).turns] == [1, 2, 1, 2]


def test_a_short_sound_founds_no_voice_but_goes_to_the_nearest() -> None:
    clip = voices([[1, 0, 0], [0, 0.4, 1], [0, 1, 0]], [5000, 300, 5000], [0, 1, 2])
    found = diarize([clip], LIMITS)
    assert [(turn.start_ms, turn.end_ms, turn.voice) for turn in found.turns] == [
        (0, 1000, 1),
        (1000, 3000, 2),
    ]
    assert found.turns[1].confidence < 0.95 < found.turns[0].confidence


def test_only_short_sounds_are_voices_all_the_same() -> None:
    clip = voices([[1, 0, 0]], [0], [0])
    found = diarize([clip], LIMITS)
    assert [(turn.start_ms, turn.end_ms, turn.voice) for turn in found.turns] == [(0, 1000, 1)]


@st.composite
def recordings(draw: st.DrawFn) -> list[SpeechVectors]:
    """Clips of pieces of up to four people, a second each."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    people = random.standard_normal((4, 16))
    clips = []
    for number in range(draw(st.integers(0, 3))):
        count = draw(st.integers(1, 12))
        spoken = people[random.integers(0, 4, count)] + 0.2 * random.standard_normal((count, 16))
        windows = sorted(int(each) for each in random.integers(0, 4, count))
        alone_ms = [int(each) for each in random.choice([0, 400, 2000], count)]
        clip = voices(spoken.tolist(), alone_ms, windows)
        clips.append(replace(clip, spans_ms=clip.spans_ms + 20_000 * number))
    return clips


@given(recordings())
@settings(max_examples=50, deadline=None)
def test_voices_are_numbered_by_first_speech_and_all_speech_has_one(
    clips: list[SpeechVectors],
) -> None:
    found = diarize(clips, LIMITS)
    assert found.turns == diarize(clips, LIMITS).turns
    first_heard = list(dict.fromkeys(turn.voice for turn in found.turns))
    assert first_heard == list(range(1, len(found.voices) + 1))
    assert [voice.number for voice in found.voices] == first_heard
    spoken = sum(turn.end_ms - turn.start_ms for turn in found.turns)
    assert spoken == sum(voice.speech_ms for voice in found.voices)
    assert spoken == sum(1000 * len(clip.vectors) for clip in clips)
    assert not any(turn.is_overlap for turn in found.turns)
