"""MMSU's rule, case by case."""

from __future__ import annotations

import pytest

from af3core.evaluation.score import figure, official_figure
from af3core.evaluation.scorers.letters import score_letters
from tests.af3core.evaluation.scorers.generated import item

EMOTIONS = ("Anger", "Disgust", "Boredom", "Calm")


@pytest.mark.parametrize(
    ("answer", "prediction", "value", "read_as", "official"),
    [
        ("Disgust", "B", 1, "B", (1, 1)),
        ("Disgust", "B. Disgust", 1, "B", (1, 1)),
        ("Disgust", "The answer is B.", 1, "B", (1, 1)),
        ("Disgust", "I choose B.", 1, "B", (1, 1)),
        ("Disgust", "(B)", 1, "B", (1, 1)),
        # neither the first character nor the last but one: dropped
        ("Disgust", "(B) Disgust", 1, "B", (0, 0)),
        ("Disgust", "The answer is B", 1, "B", (0, 0)),
        ("Disgust", "fear", 0, "", (0, 0)),
        ("Disgust", "x", 0, "", (0, 0)),
        # words that begin with a letter
        ("Disgust", "Disgust", 1, "B", (0, 1)),
        ("Disgust", "Answer: B", 1, "B", (0, 1)),
        ("Calm", "Disgust", 0, "B", (1, 1)),
        ("Boredom", "Boredom", 1, "C", (0, 1)),
        # empty and None stay in the script's denominator: it breaks off, or takes the row's before
        ("Disgust", "", 0, "", (0, 1)),
        ("Disgust", "None", 0, "", (0, 1)),
        ("Disgust", "I hear\nB.", 1, "B", (1, 1)),
    ],
)
def test_first_character_or_last_but_one(
    answer: str, prediction: str, value: int, read_as: str, official: tuple[int, int]
) -> None:
    [score] = score_letters([item(EMOTIONS, [answer])], [prediction])
    assert (score.value, score.read_as, score.official) == (value, read_as, official)


def test_dropped_rows_raise_the_official_figure_alone() -> None:
    items = [item(EMOTIONS, ["Anger"])] * 4
    scores = score_letters(items, ["A", "A", "B", "fear"])
    assert figure(scores, 100) == 50
    assert official_figure(scores, 100) == pytest.approx(200 / 3)


def test_two_options_have_two_letters() -> None:
    scores = score_letters([item(("Yes", "No"), ["No"])] * 2, ["C", "B"])
    assert [score.value for score in scores] == [0, 1]
    assert [score.official for score in scores] == [(0, 1), (1, 1)]


def test_an_empty_prediction_has_the_letter_of_the_row_before_in_the_script() -> None:
    said = ["", "B", "", "None", "fear", " ", "C", ""]
    scores = score_letters([item(EMOTIONS, ["Disgust"])] * len(said), said)
    assert [score.official for score in scores] == [
        (0, 1),
        (1, 1),
        (1, 1),
        (1, 1),
        (0, 0),
        (1, 1),
        (0, 1),
        (0, 1),
    ]
    assert figure(scores, 100) == pytest.approx(100 / 8)
    assert official_figure(scores, 100) == pytest.approx(400 / 7)
