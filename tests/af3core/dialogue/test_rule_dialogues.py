"""Dialogues by rules: each answer follows from the sounds, each obeys the rules, no two alike."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from af3core.dialogue.knowledge import (
    clearly_longer,
    clearly_louder,
    comparisons,
    facts_of,
    sentence,
)
from af3core.dialogue.rule_dialogues import dialogue_by_rules
from af3core.dialogue.validation import Exchange, broken_rule
from tests.af3core.dialogue.known import WHO, sound

LONG_AND_LOUD = sound("rain", 20.0, -14.0, "a woman", transcript="it is late")
SHORT_AND_SOFT = sound("wind", 10.0, -30.0, "nobody")
MIDDLE = sound("thunder", 11.0, -29.0, "a woman")


def test_facts_of_one_sound() -> None:
    facts = {fact.ways[0]: fact.answer for fact in facts_of(LONG_AND_LOUD)}
    assert facts == {
        "What can be heard?": "A bell, then rain.",
        "How long is it?": "It lasts about 20 seconds.",
        "What is said?": "it is late",
        "Who is speaking?": "A woman.",
        "What sounds can be heard?": "A bell.",
    }
    asked = [fact.kind for fact in facts_of(sound("x", transcript="Dr Hall said so"))]
    assert "said" not in asked


def test_comparisons_are_made_where_they_are_clear() -> None:
    told = {fact.kind: fact.answer for fact in comparisons([LONG_AND_LOUD, SHORT_AND_SOFT, MIDDLE])}
    assert told == {
        "louder 0 1": "The first sound is louder.",
        "longer 0 1": "The first sound lasts longer.",
        f"same 0 1 {WHO}": "No. In the first sound: a woman. In the second sound: nobody.",
        "louder 0 2": "The first sound is louder.",
        "longer 0 2": "The first sound lasts longer.",
        f"same 0 2 {WHO}": "Yes, in both: a woman.",
        f"same 1 2 {WHO}": "No. In the second sound: nobody. In the third sound: a woman.",
        "longest of 3": "The first sound is the longest.",
        "loudest of 3": "The first sound is the loudest.",
    }


def test_what_is_not_clear_is_not_compared() -> None:
    assert clearly_louder(sound("a", lufs=-20.0), sound("b", lufs=-22.9)) is None
    assert clearly_louder(sound("a", lufs=-23.0), sound("b", lufs=-20.0)) == 1
    assert clearly_louder(sound("a", lufs=None), sound("b")) is None
    assert clearly_longer(sound("a", 28.0), sound("b", 30.0)) is None
    assert clearly_longer(sound("a", 4.0), sound("b", 5.5)) is None
    assert clearly_longer(sound("a", 4.0), sound("b", 6.0)) == 1
    assert sentence(" it  lasts ") == "It lasts."


def test_a_dialogue() -> None:
    made = dialogue_by_rules([LONG_AND_LOUD, SHORT_AND_SOFT], Random(5))
    assert list(made) == DIALOGUE


@given(
    st.lists(
        st.tuples(
            st.floats(1, 75),
            st.one_of(st.none(), st.floats(-60, -5)),
            st.sampled_from(["a man", "a woman", "nobody"]),
            st.sampled_from(["", "it is late", "word " * 160]),
        ),
        min_size=2,
        max_size=8,
    ),
    st.integers(0, 10**6),
)
def test_every_dialogue_obeys_the_rules(
    facts: list[tuple[float, float | None, str, str]], seed: int
) -> None:
    sounds = [
        sound(f"thing {n}", seconds, lufs, who, transcript=said)
        for n, (seconds, lufs, who, said) in enumerate(facts)
    ]
    made = dialogue_by_rules(sounds, Random(seed))
    assert broken_rule(made, len(sounds), [one.transcript for one in sounds]) is None
    assert made == dialogue_by_rules(sounds, Random(seed))
    right = {fact.answer for one in sounds for fact in facts_of(one)}
    right |= {fact.answer for count in range(2, 9) for fact in comparisons(sounds[:count])}
    assert {exchange.answer for exchange in made} <= right


def test_wordings_vary() -> None:
    sounds = [LONG_AND_LOUD, SHORT_AND_SOFT, MIDDLE]
    made = {dialogue_by_rules(sounds, Random(seed)) for seed in range(50)}
    assert len(made) == 50
    assert len({dialogue[0].question for dialogue in made}) > 10


DIALOGUE = [
    Exchange("Here is a sound: <sound-1> Who is speaking?", "A woman."),
    Exchange("Next comes <sound-2>. What can be heard?", "A bell, then wind."),
    Exchange("And staying with it: Who is speaking?", "Nobody."),
    Exchange(
        "Take the first sound and the second sound. Who is speaking?"
        " Is the answer the same for both?",
        "No. In the first sound: a woman. In the second sound: nobody.",
    ),
    Exchange("Think of the first sound again. What is said?", "it is late"),
    Exchange("Which is louder, the first sound or the second sound?", "The first sound is louder."),
    Exchange(
        "Which lasts longer, the first sound or the second sound?", "The first sound lasts longer."
    ),
]
