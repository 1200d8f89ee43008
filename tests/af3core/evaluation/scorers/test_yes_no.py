"""CMM's rule, case by case."""

from __future__ import annotations

import pytest

from af3core.evaluation.score import figure
from af3core.evaluation.scorers.yes_no import score_yes_no
from tests.af3core.evaluation.scorers.generated import item


@pytest.mark.parametrize(
    ("answer", "prediction", "value", "official"),
    [
        ("yes", "Yes", 1, 1),
        ("yes", "yes, there is a dog.", 1, 1),
        ("no", "No.", 1, 1),
        ("no", "Yes", 0, 0),
        ("Yes", " yes", 1, 1),
        ("yes", "(A) Yes", 1, 0),
        ("yes", "'Yes'", 1, 1),
        # spaces before it count for nothing
        ("yes", "   Yes", 1, 1),
        ("no", "\n\n\t No", 1, 1),
        # a word with the letters of no
        ("no", "Nothing of that", 0, 1),
        ("no", "I know it", 0, 1),
        ("no", "Not at all", 0, 1),
        # past the fifth character
        ("no", "Well, no", 0, 0),
        ("yes", "Well, yes", 0, 0),
        ("yes", "", 0, 0),
        ("no", "", 0, 0),
    ],
)
def test_the_first_word(answer: str, prediction: str, value: int, official: int) -> None:
    [score] = score_yes_no([item((), [answer])], [prediction])
    assert (score.value, score.official) == (value, (official, 1))


def test_perception_and_resistance_come_of_the_groups() -> None:
    items = [item((), [answer], groups=(("answer", answer),)) for answer in ("yes", "yes", "no")]
    scores = score_yes_no(items, ["Yes.", "No.", "No."])
    by_answer = {
        answer: figure(
            [
                score
                for each, score in zip(items, scores, strict=True)
                if ("answer", answer) in each.groups
            ],
            100,
        )
        for answer in ("yes", "no")
    }
    assert by_answer == {"yes": 50, "no": 100}


def test_options_letters_are_read() -> None:
    [score] = score_yes_no([item(("Yes", "No"), ["No"])], ["B"])
    assert (score.value, score.read_as, score.official) == (1, "no", (0, 1))
