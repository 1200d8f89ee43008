"""Scenes, their questions, and what the encoder is taught of them."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.nano.questions import caption, choice_questions, heard_sounds, open_questions
from af3core.nano.scenes import Cast, Event, Scene, make_scene
from af3core.nano.sentences import is_held_out
from af3core.nano.synthesis import SOUNDS
from af3core.nano.targets import BEDS, HEARD, PHONES, SPEAKERS, targets_of

RAIN, BELL = tuple(SOUNDS)[:2]
SCENE = Scene(
    events=(
        Event("sound", 100, 900, RAIN),
        Event(
            *("speech", 1000, 2000, "the storm", 0, "woman", "the weather", (1000, 1200)),
            phones=("D", "s"),
            phone_starts_ms=(1000, 1200),
        ),
        Event("sound", 2100, 2500, BELL),
        Event("sound", 2600, 3000, RAIN),
        Event("speech", 3100, 3500, "yes", 1, "man", "the weather", (3100,), ("j",), (3100,)),
    ),
    bed="slow piano music",
    duration_ms=4000,
)


def test_a_caption_names_everything_in_order() -> None:
    assert caption(SCENE) == (
        f"{RAIN[0].upper()}{RAIN[1:]}, then a woman speaking about the weather, then {BELL},"
        f" then {RAIN}, then a man speaking about the weather,"
        " with slow piano music in the background."
    )


def test_open_questions_have_the_true_answers() -> None:
    answers = {question.kind: question.answer for question in open_questions(SCENE)}
    assert answers == {
        "sounds": f"{RAIN[0].upper()}{RAIN[1:]} and {BELL}.",
        "speaker_count": "Two.",
        "who": "Several speakers.",
        "music": "Yes, slow piano music.",
        "topic": "The weather.",
    }
    assert heard_sounds(Scene((), "", 1000)) == "No sounds."


@given(st.integers(0, 2**32))
def test_one_option_of_a_choice_is_right(seed: int) -> None:
    for question in choice_questions(SCENE, Random(seed)):
        assert question.prompt.count(f"\n{question.answer}") == 1
        if question.kind == "how_many":
            assert question.answer.endswith(("one", "two"))


def test_targets_hold_each_word_at_its_time() -> None:
    targets = targets_of(SCENE, 100)
    heard = [HEARD[number] for number in targets.heard]
    assert heard[5] == RAIN
    assert heard[25:30] == ["the"] * 5
    assert heard[30:50] == ["storm"] * 20
    assert heard[50] == ""
    assert [PHONES[number] for number in targets.phones[48:62]] == ["_"] * 2 + ["D"] * 10 + [
        "s"
    ] * 2
    assert SPEAKERS[targets.speaker[30]] == "woman 0"
    assert SPEAKERS[targets.speaker[80]] == "man 1"
    assert {BEDS[number] for number in targets.bed} == {"slow piano music"}


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32), st.booleans())
def test_a_scene_is_as_long_as_it_says_and_its_events_lie_within(seed: int, held_out: bool) -> None:
    audio, scene = make_scene(Random(seed), Cast(held_out_words=held_out))
    assert scene.duration_ms == len(audio) // 16 <= 30_000
    assert np.abs(audio).max() <= 1.0
    starts = [event.start_ms for event in scene.events]
    assert starts == sorted(starts)
    for event in scene.events:
        assert 0 <= event.start_ms < event.end_ms <= scene.duration_ms
        if event.kind == "speech":
            assert is_held_out(event.what) == held_out
            assert len(event.word_starts_ms) == len(event.what.split())
            assert event.start_ms <= event.word_starts_ms[0] <= event.word_starts_ms[-1]
            assert event.word_starts_ms[-1] < event.end_ms


@pytest.mark.parametrize("name", SOUNDS)
def test_every_sound_can_be_made_and_named(name: str) -> None:
    from af3core.nano.synthesis import make_sound

    audio = make_sound(name, np.random.default_rng(0))
    assert np.abs(audio).max() == pytest.approx(1.0, abs=0.01)
    assert name in HEARD
