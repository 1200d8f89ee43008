"""When a quote is said."""

from __future__ import annotations

import pytest

from af3core.alignment.quoted import QuoteTime, place_of, time_of_quote
from af3core.alignment.text_words import words_of_text
from af3core.alignment.timed_text import TimedTextWord

TEXT = "The storm came in. The keeper saw the storm at the old lighthouse."


def timed(estimated: tuple[int, ...] = (), doubtful: tuple[int, ...] = ()) -> list[TimedTextWord]:
    """A word each half second."""
    return [
        TimedTextWord(
            word.start_char,
            word.end_char,
            500 * at,
            500 * at + 400,
            at in estimated,
            at in doubtful,
        )
        for at, word in enumerate(words_of_text(TEXT))
    ]


@pytest.mark.parametrize(
    ("quote", "start_ms", "end_ms"),
    [
        ("The storm", 0, 900),
        ("… keeper saw the storm …", 2500, 4400),
        ("THE OLD LIGHTHOUSE", 5000, 6400),
    ],
)
def test_a_quote_is_said_from_its_first_word_to_its_last(
    quote: str, start_ms: int, end_ms: int
) -> None:
    assert time_of_quote(quote, TEXT, timed()) == QuoteTime(start_ms, end_ms, False)


def test_a_first_word_that_was_not_found_or_is_in_doubt_makes_it_an_estimate() -> None:
    assert time_of_quote("keeper saw", TEXT, timed((5,))) == QuoteTime(2500, 3400, True)
    assert time_of_quote("keeper saw", TEXT, timed((), (5,))) == QuoteTime(2500, 3400, True)
    assert time_of_quote("keeper saw", TEXT, timed((6,))) == QuoteTime(2500, 3400, False)


@pytest.mark.parametrize("quote", ["A dog barks.", "", "…", "the storm came out"])
def test_what_is_not_in_the_text_has_no_time(quote: str) -> None:
    assert time_of_quote(quote, TEXT, timed()) is None


def test_places() -> None:
    assert place_of(["b", "c"], ["a", "b", "c", "b", "c"]) == 1
    assert place_of([], ["a"]) is None
    assert place_of(["a", "b"], ["a"]) is None
