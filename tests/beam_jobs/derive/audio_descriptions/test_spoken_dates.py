"""Dates, lengths and times in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.derive.audio_descriptions.spoken_dates import (
    day_in_words,
    length_in_words,
    number_in_words,
    time_in_words,
)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (99, "ninety-nine"),
        (100, "one hundred"),
        (512, "five hundred and twelve"),
        (2005, "two thousand and five"),
        (12_345, "twelve thousand three hundred and forty-five"),
    ],
)
def test_numbers(number: int, words: str) -> None:
    assert number_in_words(number) == words


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("2026-11-21", "the twenty-first of November, twenty twenty-six"),
        ("2005-01-01", "the first of January, two thousand and five"),
        ("2000-02-29", "the twenty-ninth of February, two thousand"),
        ("1907-08-30", "the thirtieth of August, nineteen oh seven"),
        ("1900-12-12", "the twelfth of December, nineteen hundred"),
        ("0001-01-31", "the thirty-first of January, one"),
    ],
)
def test_days(date: str, words: str) -> None:
    assert day_in_words(date) == words


@pytest.mark.parametrize(
    ("duration_ms", "words"),
    [
        (0, "less than a second"),
        (499, "less than a second"),
        (1000, "one second"),
        (119_600, "two minutes"),
        (130_000, "two minutes and ten seconds"),
        (3_661_000, "one hour, one minute and one second"),
        (7_200_000, "two hours"),
    ],
)
def test_lengths(duration_ms: int, words: str) -> None:
    assert length_in_words(duration_ms) == words


@pytest.mark.parametrize(
    ("time_ms", "words"),
    [
        (0, "the start"),
        (10_000, "ten seconds"),
        (130_999, "two minutes ten"),
        (120_000, "two minutes"),
        (3_730_000, "one hour two minutes ten"),
        (3_610_000, "one hour ten seconds"),
        (61_000, "one minute one"),
    ],
)
def test_times(time_ms: int, words: str) -> None:
    assert time_in_words(time_ms) == words


@given(st.integers(0, 999_999), st.integers(0, 999_999))
def test_two_numbers_have_two_names(one: int, other: int) -> None:
    assert (number_in_words(one) == number_in_words(other)) == (one == other)
