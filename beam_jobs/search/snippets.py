"""The part of a document that shows why it was found, and what in it matches."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from beam_jobs.search.documents import FIELDS
from beam_jobs.search.query_parser import Term
from beam_jobs.search.text_normalisation import token_spans

_SHOWN = 180
"""Characters, about two lines."""
_BEFORE = 60
"""Characters before the first match."""
_ALIKE = 0.75
"""difflib's ratio from which a word counts as spelt alike: one letter of five, two of eight."""
_ELLIPSIS = "…"

Span = tuple[int, int]


@dataclass(frozen=True)
class Context:
    """A text of a document around what matches; `marks` are characters of `text`."""

    field: str
    text: str
    marks: tuple[Span, ...]


def context_of(texts: Mapping[str, str], terms: Sequence[Term], first: Sequence[str]) -> Context:
    """The field that holds most of the terms, cut to where most of them stand.

    Args:
        texts: by field.
        terms: that were looked for.
        first: fields in the order in which they are shown where none matches.
    """
    best, found, count = "", [], 0
    for field in FIELDS:
        by_term = [matches(texts[field], term) for term in terms if term.field in ("", field)]
        held = sum(1 for spans in by_term if spans)
        if held > count:
            best, count = field, held
            found = sorted({span for spans in by_term for span in spans})
    if not best:
        best = next((field for field in first if texts[field]), FIELDS[0])
    return _window(best, texts[best], found)


def matches(text: str, term: Term) -> list[Span]:
    """Where a term stands in a text."""
    words = token_spans(text)
    size = len(term.tokens)
    found = []
    for place in range(len(words) - size + 1):
        here = words[place : place + size]
        if all(_same(word, wanted, term.similar) for (_, _, word), wanted in _pairs(here, term)):
            found.append((here[0][0], here[-1][1]))
    return found


def _pairs(
    here: Sequence[tuple[int, int, str]], term: Term
) -> list[tuple[tuple[int, int, str], str]]:
    return list(zip(here, term.tokens, strict=True))


def _same(word: str, wanted: str, similar: bool) -> bool:
    if word == wanted:
        return True
    return similar and difflib.SequenceMatcher(None, word, wanted).ratio() >= _ALIKE


def _window(field: str, text: str, found: Sequence[Span]) -> Context:
    if len(text) <= _SHOWN:
        return Context(field, text, tuple(_apart(found)))
    start = 0
    if found:
        densest = max(found, key=lambda span: (_within(found, span[0]), -span[0]))
        start = max(0, min(densest[0] - _BEFORE, len(text) - _SHOWN))
    start, end = _at_words(text, start, min(len(text), start + _SHOWN))
    before = _ELLIPSIS if start else ""
    after = _ELLIPSIS if end < len(text) else ""
    shift = len(before) - start
    marks = [(a + shift, b + shift) for a, b in _apart(found) if start <= a and b <= end]
    return Context(field, before + text[start:end] + after, tuple(marks))


def _within(found: Sequence[Span], start: int) -> int:
    return sum(1 for a, b in found if start <= a and b <= start + _SHOWN - _BEFORE)


def _apart(found: Sequence[Span]) -> list[Span]:
    """Spans that overlap, as one."""
    apart: list[Span] = []
    for a, b in sorted(found):
        if apart and a < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(b, apart[-1][1]))
        else:
            apart.append((a, b))
    return apart


def _at_words(text: str, start: int, end: int) -> Span:
    """No word is cut, unless it is as long as all that is shown."""
    while 0 < start < end and not text[start - 1].isspace():
        start += 1
    stop = end
    while stop < len(text) and stop > start and not text[stop].isspace():
        stop -= 1
    return (start, stop) if stop > start else (start, end)
