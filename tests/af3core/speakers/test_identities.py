"""Identities stay when recordings come, and never join two voices of one recording."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.speakers.identities import (
    IdentityLimits,
    KnownIdentity,
    RecordingVoice,
    VoiceMatch,
    match_voices,
)

LIMITS = IdentityLimits(least_similarity=0.6, least_speech_ms=3000)


def voice(recording: str, number: int, *values: float, speech_ms: int = 10_000) -> RecordingVoice:
    vector = np.array(values, np.float32)
    return RecordingVoice(recording, number, vector / np.linalg.norm(vector), speech_ms)


def test_a_voice_joins_its_identity_and_a_stranger_founds_one() -> None:
    known = [KnownIdentity("anna", (voice("monday", 1, 1, 0, 0),))]
    new = [voice("tuesday", 1, 0, 1, 0), voice("tuesday", 2, 0.8, 0.6, 0)]
    stranger, anna = match_voices(known, new, LIMITS)
    assert anna == VoiceMatch("tuesday", 2, "anna", 0.8, False)
    assert stranger == VoiceMatch("tuesday", 1, "f8710cefcff49a79", None, True)


def test_two_voices_of_a_recording_are_two_identities() -> None:
    known = [KnownIdentity("anna", (voice("monday", 1, 1, 0, 0),))]
    new = [voice("tuesday", 1, 1, 0.1, 0), voice("tuesday", 2, 1, 0, 0)]
    found = match_voices(known, new, LIMITS)
    assert [(match.identity == "anna", match.is_new) for match in found] == [
        (False, True),
        (True, False),
    ]


def test_a_recording_that_is_known_already_gives_its_identities_no_second_voice() -> None:
    known = [KnownIdentity("anna", (voice("monday", 1, 1, 0),))]
    (found,) = match_voices(known, [voice("monday", 2, 1, 0)], LIMITS)
    assert found.is_new


def test_too_little_speech_has_no_identity() -> None:
    (found,) = match_voices([], [voice("monday", 1, 1, 0, speech_ms=2999)], LIMITS)
    assert found == VoiceMatch("monday", 1, None, None, False)


def test_new_recordings_are_matched_with_each_other() -> None:
    new = [voice("monday", 1, 1, 0), voice("tuesday", 1, 1, 0.1)]
    first, second = match_voices([], new, LIMITS)
    assert first.is_new
    assert (second.identity, second.is_new) == (first.identity, False)


def test_a_name_that_is_taken_is_given_to_nobody_else() -> None:
    (founded,) = match_voices([], [voice("monday", 1, 1, 0)], LIMITS)
    assert founded.identity
    known = [KnownIdentity(founded.identity, (voice("sunday", 1, 0, 1),))]
    (again,) = match_voices(known, [voice("monday", 1, 1, 0)], LIMITS)
    assert again.is_new
    assert again.identity != founded.identity


def test_likeness_is_the_mean_of_likenesses_to_an_identitys_voices() -> None:
    known = [
        KnownIdentity("anna", (voice("monday", 1, 1, 0), voice("tuesday", 1, 0, 1))),
        KnownIdentity("forgotten", ()),
    ]
    (found,) = match_voices(known, [voice("friday", 1, 1, 1)], LIMITS)
    assert found == VoiceMatch("friday", 1, "anna", 0.7071, False)
    (stranger,) = match_voices(known, [voice("friday", 1, 1, 0)], LIMITS)
    assert stranger.is_new  # 0.5, though the identity's direction is 0.71 like it


def test_bad_voices_are_named() -> None:
    with pytest.raises(ValueError, match="a voice is there twice"):
        match_voices([], [voice("monday", 1, 1, 0), voice("monday", 1, 0, 1)], LIMITS)
    with pytest.raises(ValueError, match="of two encoders"):
        match_voices([], [voice("monday", 1, 1, 0), voice("monday", 2, 0, 1, 0)], LIMITS)


@st.composite
def nights(draw: st.DrawFn) -> list[list[RecordingVoice]]:
    random = Random(draw(st.integers(0, 2**32)))
    people = [[random.gauss(0, 1) for _ in range(4)] for _ in range(draw(st.integers(1, 5)))]
    made, recording = [], 0
    for _ in range(draw(st.integers(1, 4))):
        night = []
        for _ in range(draw(st.integers(0, 3))):
            recording += 1
            for number in range(1, draw(st.integers(1, 4)) + 1):
                spoken = [value + random.gauss(0, 0.3) for value in random.choice(people)]
                speech_ms = random.choice((1000, 5000, 60_000))
                night.append(voice(f"r{recording}", number, *spoken, speech_ms=speech_ms))
        made.append(night)
    return made


@given(nights(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_identities_stay_whatever_comes(made: list[list[RecordingVoice]], random: Random) -> None:
    known: dict[str, list[RecordingVoice]] = {}
    for night in made:
        identities = [KnownIdentity(name, tuple(voices)) for name, voices in known.items()]
        before = {name: list(voices) for name, voices in known.items()}
        found = match_voices(identities, night, LIMITS)
        shuffled = random.sample(night, len(night))
        random.shuffle(identities)
        again = {(m.recording, m.number): m for m in match_voices(identities, shuffled, LIMITS)}
        for match, each in zip(found, night, strict=True):
            assert again[match.recording, match.number] == match
            assert (match.identity is None) == (each.speech_ms < LIMITS.least_speech_ms)
            if match.identity is not None:
                known.setdefault(match.identity, [])
        for match, each in zip(found, night, strict=True):
            if match.identity is not None:
                known[match.identity].append(each)
        founded = [match.identity for match in found if match.is_new]
        assert len(set(founded)) == len(founded)
        assert set(founded) == set(known) - set(before)
        assert all(known[name][: len(voices)] == voices for name, voices in before.items())
    for voices in known.values():
        recordings = [each.recording for each in voices]
        assert len(set(recordings)) == len(recordings)
