"""The filters of a request as the index takes them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from beam_jobs.search.search_request import KINDS, MODES, SPEECH, SearchError, SearchRequest
from schemas.options.option import language_code

DEEPEST = 1000
"""Hits beyond it are not looked for: nobody turns so many pages."""


def filter_sql(request: SearchRequest) -> str:
    """The request's filters as SQL; empty where there are none.

    Raises:
        SearchError: a filter is none.
    """
    _check(request)
    conditions = []
    if request.corpus:
        conditions.append(f"corpus = {sql_text(request.corpus)}")
    if request.since:
        conditions.append(f"date >= {sql_text(request.since)}")
    if request.until:
        conditions.append(f"date <= {sql_text(request.until)}")
    if request.kinds:
        conditions.append(f"kind IN ({_sql_list(request.kinds)})")
    if request.speech != "any":
        conditions.append("spoken" if request.speech == "with" else "NOT spoken")
    if request.unflagged:
        conditions.append("NOT flagged")
    if request.without_flags:
        conditions.append(f"NOT array_has_any(flags, [{_sql_list(request.without_flags)}])")
    if request.languages:
        conditions.append(f"array_has_any(languages, [{_sql_list(request.languages)}])")
    return " AND ".join(conditions)


def _check(request: SearchRequest) -> None:
    for name, value, known in (
        ("mode", request.mode, MODES),
        ("speech", request.speech, SPEECH),
        *(("kind", kind, KINDS) for kind in request.kinds),
    ):
        if value not in known:
            raise SearchError(f"{name} {value!r}: write one of {', '.join(known)}")
    for name, day in (("since", request.since), ("until", request.until)):
        if day and not _is_day(day):
            raise SearchError(f"{name} {day!r}: write a day as YYYY-MM-DD")
    for language in request.languages:
        if problem := language_code(language):
            raise SearchError(f"language {language!r}: {problem}")
    if request.limit < 1 or request.offset < 0 or request.limit + request.offset > DEEPEST:
        raise SearchError(
            f"limit {request.limit}, offset {request.offset}: hits 1 to {DEEPEST} can be had;"
            " narrow the search down by more words or filters"
        )
    if bool(request.words.strip()) == bool(request.like):
        raise SearchError("say what to search for: words, or a segment that it sounds like")


def _is_day(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _sql_list(values: Sequence[str]) -> str:
    return ", ".join(map(sql_text, values))


def sql_text(value: str) -> str:
    """A text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"
