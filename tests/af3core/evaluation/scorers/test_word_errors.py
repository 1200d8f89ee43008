"""Word errors, counted by hand."""

from __future__ import annotations

import pytest

from af3core.evaluation.score import Score, figure
from af3core.evaluation.scorers.word_errors import score_word_errors
from tests.af3core.evaluation.scorers.generated import item


@pytest.mark.parametrize(
    ("reference", "prediction", "errors", "words"),
    [
        ("the cat sat down", "the cat sat down", 0, 4),
        ("the cat sat down", "The cat, sat down!", 0, 4),
        ("the cat sat down", "the dog sat", 2, 4),
        ("the cat sat down", "oh well the cat sat down now", 3, 4),
        # fillers such as um are no words to Whisper's normaliser
        ("the cat sat down", "um the cat sat down", 0, 4),
        ("Mr. Brown's colour", "mister browns color", 2, 4),
        ("twenty one pounds", "£21", 0, 1),
        ("I don't know", "i do not know", 0, 4),
        ("the cat sat down", "", 4, 4),
        # references that are no words
        ("um", "", 0, 0),
        ("um", "hello there", 2, 0),
        ("", "hello", 1, 0),
        # AF3's framing
        ("good evening", "The spoken content of the audio is 'good evening'.", 0, 2),
        # somebody speaks: the answer's own words are errors
        ("good evening", "There is no speech.", 4, 2),
        ("no speech", "No speech.", 0, 2),
        ("", "There is no speech.", 0, 0),
    ],
)
def test_errors_and_words(reference: str, prediction: str, errors: int, words: int) -> None:
    [score] = score_word_errors([item((), [reference])], [prediction])
    assert (score.value, score.weight) == (errors, words)


def test_the_figure_sums_errors_over_all_words() -> None:
    items = [item((), ["one dog"]), item((), ["a b c d e f g h"]), item((), ["um"])]
    scores = score_word_errors(items, ["one cat", "a b c d e f g h", "oh no"])
    assert figure(scores, 100) == pytest.approx(100 * (1 + 0 + 2) / (2 + 8))


def test_of_several_references_the_nearest_counts() -> None:
    [score] = score_word_errors([item((), ["a b c d", "a cat"])], ["a dog"])
    assert score == Score(1.0, 2.0, read_as="a dog")


def test_without_a_reference_each_word_is_an_error() -> None:
    [score] = score_word_errors([item((), [])], ["two words"])
    assert (score.value, score.weight) == (2, 0)
