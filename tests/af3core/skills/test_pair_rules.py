"""The papers' rules: what is kept, and by which rule everything else is not."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.skills.catalogue import catalogue
from af3core.skills.pair import Evidence, Pair
from af3core.skills.pair_rules import BrokenRule, broken_rule, shuffle_options

OPTIONS = ("a warning", "a greeting", "a farewell", "a celebration")
GOOD = Pair(
    skill="contextual_sound_event_reasoning",
    question="What does the ringing in the background stand for?",
    answer="a warning",
    start_ms=0,
    end_ms=20_000,
    options=OPTIONS,
)


def broken(**changes: object) -> BrokenRule | None:
    pair = dataclasses.replace(GOOD, **changes)
    return broken_rule(pair, catalogue()[pair.skill])


def reason(**changes: object) -> str:
    found = broken(**changes)
    return found.reason if found else ""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"question": "What " + "is " * 19 + "it?"}, "question_too_long"),
        ({"question": "What " + "is " * 18 + "it?"}, ""),
        ({"answer": "one " * 11}, "answer_too_long"),
        ({"options": (*OPTIONS, "one " * 11)}, "option_too_long"),
        ({"question": "?"}, "empty_text"),
        ({"options": (*OPTIONS, " ")}, "empty_text"),
        ({"question": "Say what the ringing stands for."}, "not_a_question"),
        ({"question": "Who rings? Why is it so?"}, "not_a_question"),
        ({"question": "What is heard in <sound-1>?"}, "special_token"),
        ({"question": "What is heard <|endoftext|> here?"}, "special_token"),
        ({"question": "What is\nheard?"}, "special_token"),
        ({"options": OPTIONS[:3]}, "too_few_options"),
        ({"options": ()}, "too_few_options"),
        ({"options": (*OPTIONS[:3], "The greeting!")}, "options_alike"),
        ({"options": (*OPTIONS[:3], "a sign of joy")}, ""),
        ({"options": (*OPTIONS[:3], "a greeting at night")}, "options_overlap"),
        ({"options": (*OPTIONS[:3], "none of the above")}, "options_overlap"),
        ({"answer": "a  warning"}, "answer_not_an_option"),
        ({"answer": "a threat"}, "answer_not_an_option"),
        ({"question": "Is the ringing meant as a Warning?"}, "answer_in_question"),
        ({"question": "Is it a warning or rather a greeting?"}, ""),
        ({"question": "What does Anna say to the ringing?"}, "speaker_named"),
        ({"question": "What does Speaker 2 do?"}, "speaker_named"),
        ({"question": "What does the caption say of the ringing?"}, "source_mentioned"),
    ],
)
def test_each_rule(changes: dict[str, object], expected: str) -> None:
    assert reason(**changes) == expected


@pytest.mark.parametrize(
    "options",
    [
        ("two", "three", "four", "five"),
        ("1", "2", "3", "11"),
        ("2.5 s", "5 s", "0.5 s", "25 s"),
        ("0 to 5 seconds", "5 to 10 seconds", "10 to 15 seconds", "15 to 20 seconds"),
        ("dog, bell, wind", "bell, dog, wind", "wind, bell, dog", "bell, wind, dog"),
    ],
)
def test_numbers_times_and_orders_are_options(options: tuple[str, ...]) -> None:
    question = "What of these is right?"
    assert broken(question=question, options=options, answer=options[0]) is None


def test_open_and_yes_no_forms() -> None:
    yes_no = {"skill": "general_reasoning_yes_no", "question": "Is no bell heard?"}
    assert broken(**yes_no, options=(), answer="No") is None
    assert reason(**yes_no, options=(), answer="No bell") == "not_yes_or_no"
    assert reason(**yes_no, options=("Yes", "No"), answer="No") == "unexpected_options"
    summary = {"skill": "summary", "question": "What is the talk about?", "options": ()}
    assert broken(**summary, answer="word " * 50) is None
    assert reason(**summary, answer="word " * 51) == "answer_too_long"
    assert reason(**summary, answer="the talk") == "answer_in_question"


def test_the_detail_says_what_broke_the_rule() -> None:
    assert broken(options=(*OPTIONS[:3], "a greeting at night")) == BrokenRule(
        "options_overlap", "'greeting at night' holds 'greeting'"
    )
    assert broken(question="What does Dr. Hall do?") == BrokenRule("speaker_named", "Dr. Hall")


def test_who_presents_herself_is_not_named() -> None:
    heard = Evidence("transcript", "good evening my name is sophia and i sing", 0, 9000)
    question = "What will sophia do?"
    assert reason(question=question, evidence=(heard,)) == "speaker_named"
    assert reason(question=question) == ""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Why is the speaker so glad?", False),
        ("Thunder sounds nearer than what?", False),
        ("Which symphony by Mahler is meant?", False),
        ("Who said it in Paris?", False),
        ("According to Anna Berg, what is it?", True),
        ("What is Anna's reply?", True),
        ("What does Mrs Hall want?", True),
        ("What is it that Peter asked?", True),
    ],
)
def test_names_of_speakers(text: str, names: bool) -> None:
    assert (reason(question=text) == "speaker_named") == names


WORDS = st.text("bcdfghjklmnp", min_size=3, max_size=7)
OPTION_LISTS = st.lists(WORDS, min_size=4, max_size=6, unique=True)


@given(OPTION_LISTS, st.integers(), st.integers())
def test_shuffling_keeps_the_options_and_follows_from_the_seed(
    options: list[str], seed: int, other_seed: int
) -> None:
    mixed = shuffle_options(options, seed, "What?")
    assert sorted(mixed) == sorted(options)
    assert mixed == shuffle_options(list(reversed(options)), seed, "What?")
    assert sorted(shuffle_options(options, other_seed, "What?")) == sorted(options)


def test_the_seed_decides_and_the_right_option_stands_anywhere() -> None:
    assert shuffle_options(OPTIONS, 0, "What is it?") == (
        "a celebration",
        "a warning",
        "a farewell",
        "a greeting",
    )
    places = {
        shuffle_options(OPTIONS, seed, "What is it?").index("a warning") for seed in range(30)
    }
    assert places == {0, 1, 2, 3}


@given(OPTION_LISTS, st.data())
def test_contrastive_options_are_kept_and_each_mutation_is_found(
    options: list[str], data: st.DataObject
) -> None:
    right = data.draw(st.sampled_from(options))
    pair = {"question": "What is heard?", "answer": right}
    assert broken(**pair, options=tuple(options)) is None
    wrong = [option for option in options if option != right]
    assert reason(**pair, options=tuple(wrong[:3])) == "too_few_options"
    assert reason(**pair, options=(*wrong, wrong[0].upper())) == "options_alike"
    assert reason(**pair, options=(*options, f"{right} too")) == "options_overlap"
    with_new = (*wrong, "aaa")
    assert reason(**pair, options=with_new) == "answer_not_an_option"
    leaking = {"question": f"What is {right}?", "answer": right}
    assert reason(**leaking, options=tuple(options)) == "answer_in_question"
