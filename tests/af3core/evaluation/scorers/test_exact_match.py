"""Labels, case by case."""

from __future__ import annotations

import pytest

from af3core.evaluation.score import Score
from af3core.evaluation.scorers.exact_match import score_exact
from tests.af3core.evaluation.scorers.generated import item


@pytest.mark.parametrize(
    ("answers", "prediction", "value"),
    [
        (("keyboard_acoustic",), "Keyboard acoustic.", 1),
        (("keyboard",), "keyboard", 1),
        (("keyboard",), "a keyboard", 0),
        (("keyboard",), "keyboards", 0),
        (("happy", "excited"), "Excited!", 1),
        (("Straße",), "STRASSE", 1),
        (("10",), "10", 1),
        (("10",), "ten", 0),
        (("?",), "!", 0),
        (("keyboard",), "", 0),
        ((), "", 0),
        ((), "keyboard", 0),
    ],
)
def test_the_same_words(answers: tuple[str, ...], prediction: str, value: int) -> None:
    [score] = score_exact([item((), answers)], [prediction])
    assert score.value == value


def test_an_options_letter_is_taken_off() -> None:
    scores = score_exact([item(("bass", "flute"), ["flute"])] * 2, ["(B) Flute", "B"])
    assert scores == [Score(1.0, read_as="flute")] * 2
