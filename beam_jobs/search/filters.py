"""The filters of a request as the index takes them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from beam_jobs.search.lance_index import quoted
from beam_jobs.search.request import KINDS, MODES, SPEECH, SearchError, SearchRequest

DEEPEST = 1000
"""Hits beyond it are not looked for: nobody turns so many pages."""


def where(request: SearchRequest) -> str:
    """The request's filters as SQL; empty where there are none.

    Raises:
        SearchError: a filter is none.
    """
    _check(request)
    conditions = []
    if request.corpus:
        conditions.append(f"corpus = {quoted(request.corpus)}")
    if request.since:
        conditions.append(f"date >= {quoted(request.since)}")
    if request.until:
        conditions.append(f"date <= {quoted(request.until)}")
    if request.kinds:
        conditions.append(f"kind IN ({_listed(request.kinds)})")
    if request.speech != "any":
        conditions.append("spoken" if request.speech == "with" else "NOT spoken")
    if request.unflagged:
        conditions.append("NOT flagged")
    if request.without_flags:
        conditions.append(f"NOT array_has_any(flags, [{_listed(request.without_flags)}])")
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


def _listed(values: Sequence[str]) -> str:
    return ", ".join(map(quoted, values))
