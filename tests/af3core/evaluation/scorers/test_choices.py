"""Options named in many ways."""

from __future__ import annotations

import pytest

from af3core.evaluation.scorers.choices import (
    score_choices,
    score_muchomusic,
    score_ru_listening,
    score_voice_bench_choices,
)
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


SCRIPTS = {
    "muchomusic": score_muchomusic,
    "ru_listening": score_ru_listening,
    "voice_bench": score_voice_bench_choices,
}


@pytest.mark.parametrize(
    ("script", "prediction", "read_as", "official"),
    [
        ("muchomusic", "B", "B", 1),
        ("muchomusic", "The correct answer is: (B) in a car", "B", 1),
        # a capital of any word is a letter
        ("muchomusic", "Both hear it: in a car", "B", 1),
        ("muchomusic", "A car, I think", "A", 0),
        # none or several: the first option that is said
        ("muchomusic", "BAD: in a car, at sea", "B", 1),
        ("muchomusic", "it is nowhere", "D", 0),
        ("muchomusic", "on the moon", "", 0),
        ("muchomusic", "", "", 0),
        ("ru_listening", "[[A]] or rather [[B]]", "B", 1),
        ("ru_listening", "The answer is b, I choose c", "C", 0),
        ("ru_listening", "Option B", "B", 1),
        ("ru_listening", "(B) in a car", "B", 1),
        ("ru_listening", "in a car or at sea", "B", 1),
        ("ru_listening", "B", "", 0),
        ("voice_bench", "B", "B", 1),
        ("voice_bench", "b) in a car", "B", 1),
        ("voice_bench", "I would choose B", "B", 1),
        ("voice_bench", "<2> (B)", "B", 1),
        # the first phrase decides, and the first letter
        ("voice_bench", "It is b. Not that it is a.", "A", 0),
        # none: the quarter that guessing brings
        ("voice_bench", "in a car", "", 0.25),
        ("voice_bench", "", "", 0.25),
    ],
)
def test_what_each_script_reads(
    script: str, prediction: str, read_as: str, official: float
) -> None:
    [score] = SCRIPTS[script]([item(PLACES, ["in a car"])], [prediction])
    assert (score.official_read_as, score.official) == (read_as, (official, 1))


def test_any_of_several_answers_is_right() -> None:
    [score] = score_choices([item(PLACES, ["nowhere", "at sea"])], ["(C)"])
    assert score.value == 1
