"""What holds for every scorer: perfect is 100 %, guessing is chance, nothing vanishes."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.evaluation.score import Score, Scorer, figure
from af3core.evaluation.scorers.caption_metrics import score_captions
from af3core.evaluation.scorers.choices import (
    score_choices,
    score_muchomusic,
    score_ru_listening,
    score_voice_bench_choices,
)
from af3core.evaluation.scorers.exact_match import score_exact
from af3core.evaluation.scorers.letters import score_letters
from af3core.evaluation.scorers.refusals import score_refusals
from af3core.evaluation.scorers.token_sets import score_token_sets
from af3core.evaluation.scorers.word_errors import score_word_errors
from af3core.evaluation.scorers.yes_no import score_yes_no
from tests.af3core.evaluation.scorers.generated import (
    ANIMALS,
    COUNT,
    LABELS,
    SENTENCES,
    Generated,
    asked,
    chance,
    item,
    shuffled,
)

CHOICES = asked(ANIMALS, has_options=True)
YES_NO = asked(("Yes", "No"), has_options=False, said=lambda answer: f"{answer}, I hear it.")
SOUNDS = asked(LABELS, has_options=False, said=lambda answer: answer.replace("_", " ").upper())
SPEECH = asked(tuple("abcdefghij"), has_options=False)
CAPTIONS = asked(SENTENCES, has_options=False)
REFUSING = Generated(
    CHOICES.items,
    ["I’m sorry, but I can't."] * COUNT,
    ["Sorry, no." if text in ANIMALS[:2] else "Sure: do this." for text in CHOICES.guessed],
)

SCORERS = {
    "token_sets": (score_token_sets, CHOICES, 0.25),
    "letters": (score_letters, CHOICES, 0.25),
    "choices": (score_choices, CHOICES, 0.25),
    "muchomusic": (score_muchomusic, CHOICES, 0.25),
    "ru_listening": (score_ru_listening, CHOICES, 0.25),
    "voice_bench": (score_voice_bench_choices, CHOICES, 0.25),
    "yes_no": (score_yes_no, YES_NO, 0.5),
    "exact": (score_exact, SOUNDS, 0.1),
    "refusals": (score_refusals, REFUSING, 0.5),
}
by_scorer = pytest.mark.parametrize(("scorer", "made", "share"), SCORERS.values(), ids=SCORERS)


@by_scorer
def test_a_perfect_model_has_100_per_cent(scorer: Scorer, made: Generated, share: float) -> None:
    assert figure(scorer(made.items, made.perfect), 100) == 100


@by_scorer
def test_a_guessing_model_has_chance(scorer: Scorer, made: Generated, share: float) -> None:
    low, high = chance(share)
    reached = figure(scorer(made.items, made.guessed))
    assert reached is not None
    assert low <= reached <= high


@by_scorer
def test_an_empty_prediction_is_wrong_and_counts(
    scorer: Scorer, made: Generated, share: float
) -> None:
    scores = scorer(made.items, [""] * COUNT)
    assert [(score.value, score.weight) for score in scores] == [(0, 1)] * COUNT


words = st.text("aAbB (C).#1-é\n", max_size=12)


@given(
    st.lists(words, max_size=5, unique=True),
    st.lists(words, max_size=2),
    st.one_of(words, st.text(max_size=30)),
)
def test_whatever_is_published_and_said_has_a_score(
    options: list[str], answers: list[str], prediction: str
) -> None:
    for scorer, _, _ in SCORERS.values():
        [score] = scorer([item(options, answers)], [prediction])
        assert (score.value in (0, 1), score.weight) == (True, 1)
    [score] = score_word_errors([item((), answers)], [prediction])
    assert score.value >= 0
    assert score.weight >= 0


@given(st.lists(st.text("abc #.é", min_size=1, max_size=9), min_size=2, max_size=5, unique=True))
def test_an_option_said_word_for_word_is_the_one_that_is_read(options: list[str]) -> None:
    said = options[-1]
    [score] = score_choices([item(options, [said])], [f"(Z) {said}"])
    others = {" ".join(each.casefold().split()).rstrip(".") for each in options[:-1]}
    is_alone = " ".join(said.casefold().split()).rstrip(".") not in others
    if is_alone and any(each.isalnum() for each in said):
        assert score.value == 1


def test_letters_in_brackets_are_as_good_as_words() -> None:
    for scorer in (score_token_sets, score_letters, score_choices):
        letters = [
            f"({'ABCD'[item.options.index(said)]})"
            for item, said in zip(CHOICES.items, CHOICES.perfect, strict=True)
        ]
        with_words = [f"{at} {said}" for at, said in zip(letters, CHOICES.perfect, strict=True)]
        assert figure(scorer(CHOICES.items, letters)) == 1
        assert figure(scorer(CHOICES.items, with_words)) == 1


@pytest.mark.parametrize(
    ("scorer", "made"),
    [
        *[(scorer, made) for scorer, made, _ in SCORERS.values()],
        (score_word_errors, SPEECH),
        (score_captions, CAPTIONS),
    ],
)
def test_another_order_gives_the_same_scores(scorer: Scorer, made: Generated) -> None:
    places = shuffled(made.items)
    scores = scorer(made.items, made.guessed)
    moved = scorer([made.items[n] for n in places], [made.guessed[n] for n in places])
    assert moved == [_like(scores[n], other) for n, other in zip(places, moved, strict=True)]


def _like(score: Score, other: Score) -> Score:
    """The score, if its numbers are those of another but for the last digits; else it fails."""
    assert other.value == pytest.approx(score.value, rel=1e-9)
    assert dict(other.parts) == pytest.approx(dict(score.parts), abs=1e-5)
    return dataclasses.replace(score, value=other.value, parts=other.parts)


def test_word_errors_of_a_perfect_and_of_a_guessing_model() -> None:
    assert figure(score_word_errors(SPEECH.items, SPEECH.perfect), 100) == 0
    low, high = chance(0.9)
    reached = figure(score_word_errors(SPEECH.items, SPEECH.guessed))
    assert reached is not None
    assert low <= reached <= high
    assert figure(score_word_errors(SPEECH.items, [""] * COUNT), 100) == 100


def test_captions_of_a_perfect_and_of_a_guessing_model() -> None:
    assert figure(score_captions(CAPTIONS.items, CAPTIONS.perfect)) == pytest.approx(10)
    low, high = chance(0.1)
    scores = score_captions(CAPTIONS.items, CAPTIONS.guessed)
    reached = figure(scores, scale=1 / 10)
    assert reached is not None
    assert low <= reached <= high
    empty = score_captions(CAPTIONS.items, [""] * COUNT)
    assert empty == [Score(0.0, parts={"similarity": 0.0})] * COUNT
