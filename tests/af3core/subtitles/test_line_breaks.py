"""Where a line is broken, and where not."""

from __future__ import annotations

import pytest

from af3core.subtitles.cue import SpokenWord
from af3core.subtitles.line_breaks import break_cost, lines_of
from af3core.subtitles.line_rules import ALPHABETS


def words(text: str) -> list[SpokenWord]:
    return [SpokenWord(word, 0, 0) for word in text.split()]


@pytest.mark.parametrize(
    ("before", "after", "cost"),
    [
        ("came.", "The", 0.0),
        ("came.”", "The", 0.0),
        ("sea,", "he", 1.0),
        ("went", "and", 2.5),
        ("old", "keeper", 4.0),
        ("the", "keeper", 8.0),
    ],
)
def test_what_a_break_costs(before: str, after: str, cost: float) -> None:
    assert break_cost(words(f"{before} {after}"), 1) == cost


def test_a_rest_stands_for_a_mark() -> None:
    said = [
        SpokenWord("the", 0, 100),
        SpokenWord("harbour", 100, 400),
        SpokenWord("nora", 700, 900),
    ]
    assert [break_cost(said, at) for at in (1, 2)] == [8.0, 1.0]


def test_a_short_text_is_one_line_and_a_long_one_none() -> None:
    assert lines_of(words("good evening"), ALPHABETS) == ("good evening",)
    assert lines_of(words("word " * 30), ALPHABETS) is None


def test_no_word_stands_alone_where_another_break_is_near() -> None:
    assert lines_of(words("everybody in the harbour town had seen it coming"), ALPHABETS) == (
        "everybody in the harbour",
        "town had seen it coming",
    )
