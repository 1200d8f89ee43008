"""MMAU's and MMAR's rule, case by case."""

from __future__ import annotations

import pytest

from af3core.evaluation.score import Score
from af3core.evaluation.scorers.token_sets import score_token_sets
from tests.af3core.evaluation.scorers.generated import item

SCENES = ("Heavy rain", "A waterfall", "Heavy traffic", "An engine")
CHORDS = ("C major", "C# major", "A minor", "F")


@pytest.mark.parametrize(
    ("options", "answer", "prediction", "value", "official"),
    [
        (SCENES, "Heavy rain", "Heavy rain", 1, 1),
        (SCENES, "Heavy rain", "It is RAIN, heavy!", 1, 1),
        (SCENES, "Heavy rain", "rain", 0, 0),
        # the letter is a word of another option
        (SCENES, "Heavy rain", "(A) Heavy rain", 1, 0),
        (SCENES, "A waterfall", "(B) A waterfall", 1, 1),
        (SCENES, "Heavy rain", "A. Heavy rain", 1, 0),
        # a letter alone
        (SCENES, "Heavy traffic", "(C)", 1, 0),
        (SCENES, "Heavy traffic", "c.", 1, 0),
        (SCENES, "Heavy traffic", "(E)", 0, 0),
        # words before letters
        (SCENES, "Heavy rain", "(B) Heavy rain", 1, 1),
        # a word of a wrong option besides
        (SCENES, "Heavy rain", "Heavy rain, no traffic", 0, 0),
        # the article is exclusive to a wrong option
        (SCENES, "Heavy rain", "a heavy rain", 0, 0),
        # shared words count for nothing
        (SCENES, "Heavy traffic", "heavy heavy traffic", 1, 1),
        # the same words but for signs: the rule cannot tell them apart
        (CHORDS, "C# major", "C major", 1, 1),
        (("C", "C#", "D"), "C", "C#", 1, 1),
        # an option that is a letter stays itself
        (("B", "C", "A", "D"), "A", "A", 1, 1),
        (("B", "C", "A", "D"), "A", "(C)", 1, 0),
        (("B", "C", "A", "D"), "A", "C", 0, 0),
        (("A. Vivaldi", "J. Bach"), "A. Vivaldi", "A. Vivaldi", 1, 1),
        (SCENES, "Heavy rain", "", 0, 0),
        (SCENES, "Heavy rain", " ?! ", 0, 0),
        # an open question: the words must be there
        ((), "seven", "There are seven of them.", 1, 1),
        (("Ein Hörspiel", "Ein Lied"), "Ein Hörspiel", "HÖRSPIEL ein", 1, 1),
    ],
)
def test_words_of_the_answer_and_no_others(
    options: tuple[str, ...], answer: str, prediction: str, value: int, official: int
) -> None:
    [score] = score_token_sets([item(options, [answer])], [prediction])
    assert (score.value, score.official) == (value, (official, 1))


def test_a_letter_in_brackets_is_an_options_even_where_options_are_letters() -> None:
    [score] = score_token_sets([item(("B", "C", "A", "D"), ["B"])], ["(A)"])
    assert score == Score(1.0, read_as="B", official=(0.0, 1.0))


def test_an_answer_that_the_publisher_keeps_is_not_guessed() -> None:
    [score] = score_token_sets([item(SCENES, [])], ["(A) Heavy rain"])
    assert score == Score(0.0, read_as="Heavy rain")
