"""Filters as SQL, and what is none."""

from __future__ import annotations

from typing import Any

import pytest

from beam_jobs.search.filters import filter_sql
from beam_jobs.search.search_request import SearchError, SearchRequest


def test_no_filter_is_no_condition() -> None:
    assert filter_sql(SearchRequest("storm")) == ""


def test_every_filter_is_a_condition() -> None:
    request = SearchRequest(
        "storm",
        corpus="it's",
        since="2026-11-20",
        until="2026-11-21",
        kinds=("segment", "clip"),
        speech="without",
        unflagged=True,
        without_flags=("cut_off", "') OR ('"),
        languages=("en", "yue"),
    )
    assert filter_sql(request) == (
        "corpus = 'it''s' AND date >= '2026-11-20' AND date <= '2026-11-21'"
        " AND kind IN ('segment', 'clip') AND NOT spoken AND NOT flagged"
        " AND NOT array_has_any(flags, ['cut_off', ''') OR ('''])"
        " AND array_has_any(languages, ['en', 'yue'])"
    )


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"mode": "both"}, "mode 'both': write one of hybrid, words, meaning"),
        ({"speech": "yes"}, "speech 'yes': write one of any, with, without"),
        (
            {"kinds": ("song",)},
            "kind 'song': write one of segment, clip, chapter, recording",
        ),
        ({"languages": ("English",)}, "language 'English': a code of ISO 639, such as en or yue"),
        ({"languages": ("x'",)}, 'language "x\'": a code of ISO 639, such as en or yue'),
        ({"since": "2026-11-31"}, "since '2026-11-31': write a day as YYYY-MM-DD"),
        ({"until": "20261121"}, "until '20261121': write a day as YYYY-MM-DD"),
        (
            {"limit": 900, "offset": 101},
            "limit 900, offset 101: hits 1 to 1000 can be had; narrow the search down by more"
            " words or filters",
        ),
        (
            {"like": "abc"},
            "say what to search for: words, or a segment that it sounds like",
        ),
    ],
)
def test_what_is_no_filter_is_one_line(given: dict[str, Any], line: str) -> None:
    with pytest.raises(SearchError) as caught:
        filter_sql(SearchRequest("storm", **given))
    assert str(caught.value) == line
