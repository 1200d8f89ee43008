"""Where a text is broken, and how well: behind sentences, clauses, rests; before small words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from af3core.subtitles.cue import SpokenWord, joined
from af3core.subtitles.line_rules import LineRules

_SENTENCE_ENDS = ".!?…。！？؟۔।"
_CLAUSE_ENDS = ",;:—–，、；：،؛"
_CLOSING = "\"'”’»)]』」）】"
_BEGINNERS = frozenset(
    """and but or nor so yet because although though while if unless until when where which who whom
    whose that than as since after before in on at by for from of to with without into over under
    between through during about against""".split()
)
"""English words that begin a clause or a phrase: a line breaks before them."""
_BOUND = frozenset(
    "a an the this that these those my your his her its our their mr mrs ms dr".split()
)
"""English words that stand with what follows: a line does not break behind them."""

_REST_MS = 250
"""A rest between words that stands for the mark which a transcript may lack."""

SENTENCE, CLAUSE, PHRASE, PLAIN, BOUND = 0.0, 1.0, 2.5, 4.0, 8.0
"""What a break costs, from the end of a sentence to one that parts an article from its noun."""


def break_cost(words: Sequence[SpokenWord], at: int) -> float:
    """Of a break before `words[at]`."""
    before = words[at - 1].text.rstrip(_CLOSING)
    if before.endswith(tuple(_SENTENCE_ENDS)):
        return SENTENCE
    rest_ms = words[at].start_ms - words[at - 1].end_ms
    if before.endswith(tuple(_CLAUSE_ENDS)) or rest_ms >= _REST_MS:
        return CLAUSE
    if words[at].is_bound or before.casefold() in _BOUND:
        return BOUND
    return PHRASE if words[at].text.casefold() in _BEGINNERS else PLAIN


def lines_of(words: Sequence[SpokenWord], rules: LineRules) -> tuple[str, ...] | None:
    """One line, or the best two; None where two do not hold the words.

    Of two lines neither is a single short word, and they are of like length.
    """
    widths = _widths(words, rules)
    if sum(widths) <= rules.line_width:
        return (joined(words),)
    best: tuple[float, int] | None = None
    for at, pair in enumerate(_pairs(words, widths, rules), 1):
        if max(pair) > rules.line_width:
            continue
        uneven = abs(pair[0] - pair[1]) / rules.line_width
        orphan = 3.0 if min(at, len(words) - at) == 1 and min(pair) < 0.25 * max(pair) else 0.0
        cost = break_cost(words, at) + 4.0 * uneven + orphan
        if best is None or cost < best[0]:
            best = cost, at
    return (joined(words[: best[1]]), joined(words[best[1] :])) if best else None


def _widths(words: Sequence[SpokenWord], rules: LineRules) -> list[float]:
    """Of each word with the space before it, but for the first."""
    return [
        rules.width(word.text) + (rules.width(" ") if place and word.after_space else 0.0)
        for place, word in enumerate(words)
    ]


def _pairs(
    words: Sequence[SpokenWord], widths: Sequence[float], rules: LineRules
) -> Iterator[tuple[float, float]]:
    """The widths of both lines, for a break before each word but the first."""
    first, second = 0.0, sum(widths)
    for width, following in itertools.pairwise(zip(words, widths, strict=True)):
        first, second = first + width[1], second - width[1]
        space = rules.width(" ") if following[0].after_space else 0.0
        yield first, second - space
