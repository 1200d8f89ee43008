"""Letters a second that can be spoken, by script."""

from __future__ import annotations

import pytest

from af3core.tasks.script_limits import limits_of
from af3core.tasks.speech_rate import FASTEST, is_implausible_rate
from af3core.tasks.text_segmentation import signs_of
from tests.af3core.tasks.declared_texts import declared_texts

READ_LETTERS_A_SECOND = 14.0
"""Of English, as news is read."""


@pytest.mark.parametrize(
    ("text", "speech_ms", "implausible"),
    [
        ("Welcome.", 21_000, True),
        ("Welcome.", 1_000, False),
        ("Welcome.", 4_900, False),
        ("谢谢大家", 21_000, True),
        ("谢谢大家", 5_000, False),
        ("Welcome.", 0, False),
        ("", 21_000, False),
        ("...", 21_000, True),
        ("♪♪", 4_900, False),
        ("The storm flooded the garden and the house in London last night.", 4_000, False),
        ("The storm flooded the garden and the house in London last night. " * 9, 2_000, True),
        ("The storm flooded the garden and the house.", 300, False),
        ("我们今天晚上回家明天早上再来", 2_500, False),
        ("我们今天晚上回家明天早上再来" * 4, 2_500, True),
    ],
)
def test_too_few_and_too_many_letters(text: str, speech_ms: int, implausible: bool) -> None:
    assert is_implausible_rate(text, speech_ms) is implausible


def test_language_of_any_script_is_plausible_as_it_is_read() -> None:
    """At the speed at which English has 14 letters a second, half of it, and twice it; at a
    thirty-second it is not. The declaration in Matses is twice as long as in English.
    """
    doubted = set()
    for each in declared_texts():
        letters = signs_of(each.text).letters
        read_ms = letters / each.letters_to_english / READ_LETTERS_A_SECOND * 1000
        for factor in (0.5, 1.0, 2.0):
            if is_implausible_rate(each.text, round(factor * read_ms)):
                doubted.add((each.code, factor))
        assert is_implausible_rate(each.text, 32 * round(read_ms)), each.code
    assert doubted == {("mcf", 0.5)}


def test_a_script_that_was_not_measured_has_the_widest_limits() -> None:
    limits = limits_of("Runic")
    assert limits.slowest <= limits_of("Han").slowest
    assert limits.fastest >= max(FASTEST, limits_of("Latin").fastest)
