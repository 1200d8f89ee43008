"""Options named in many ways."""

from __future__ import annotations

import pytest

from af3core.evaluation.scorers.choices import score_choices
from tests.af3core.evaluation.scorers.generated import item

PLACES = ("in a kitchen", "in a car", "at sea", "nowhere")
KEYS = ("C major", "C# major", "G minor", "F")


@pytest.mark.parametrize(
    ("options", "prediction", "read_as"),
    [
        (PLACES, "(B) in a car", "in a car"),
        (PLACES, "In A Car.", "in a car"),
        (PLACES, "It must be at sea, I think.", "at sea"),
        (PLACES, "B", "in a car"),
        (PLACES, "b)", "in a car"),
        (PLACES, "The correct answer is (C)", "at sea"),
        (PLACES, "My choice would be C.", "at sea"),
        (PLACES, "(D) at sea", "at sea"),
        (PLACES, "in a car or at sea", ""),
        (PLACES, "(F) on the moon", ""),
        (PLACES, "on the moon", ""),
        (PLACES, "", ""),
        # signs tell keys apart where all of the prediction is one
        (KEYS, "(A) C major", "C major"),
        (KEYS, "C# major", "C# major"),
        (KEYS, "F", "F"),
        (("AM", "Am", "Em"), "(B) Am", "Am"),
        # an option within another
        (("drum", "snare drum"), "a snare drum", "snare drum"),
        (("1", "10", "2"), "10", "10"),
    ],
)
def test_the_option_that_is_named(options: tuple[str, ...], prediction: str, read_as: str) -> None:
    [score] = score_choices([item(options, [options[0]])], [prediction])
    assert (score.read_as, score.value) == (read_as, float(read_as == options[0]))


def test_any_of_several_answers_is_right() -> None:
    [score] = score_choices([item(PLACES, ["nowhere", "at sea"])], ["(C)"])
    assert score.value == 1
