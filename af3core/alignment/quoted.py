"""When a quote of a transcript is said: where its words stand among those of the whole text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from af3core.alignment.text_words import normalised, words_of_text
from af3core.alignment.timed_text import TimedTextWord


@dataclass(frozen=True)
class QuoteTime:
    """From the first word to the last, in milliseconds of the recording.

    `is_estimated` where the time of its first word is estimated or in doubt.
    """

    start_ms: int
    end_ms: int
    is_estimated: bool


def time_of_quote(quote: str, text: str, timed: Sequence[TimedTextWord]) -> QuoteTime | None:
    """When a quote is said, at its first place in the text; None where it has none.

    Args:
        quote: words of the text, in their order, with any spaces and marks between them.
        text: the transcript.
        timed: its words.
    """
    wanted = [word.normal for word in words_of_text(quote)]
    said = [normalised(text[word.start_char : word.end_char]) for word in timed]
    at = place_of(wanted, said)
    if at is None:
        return None
    first, last = timed[at], timed[at + len(wanted) - 1]
    is_estimated = first.is_estimated or first.is_doubtful
    return QuoteTime(first.start_ms, last.end_ms, is_estimated)


def place_of(wanted: Sequence[str], said: Sequence[str]) -> int | None:
    """Where words stand first among others, one after the other; None where they do not."""
    if not wanted:
        return None
    places = range(len(said) - len(wanted) + 1)
    return next((at for at in places if said[at : at + len(wanted)] == list(wanted)), None)
