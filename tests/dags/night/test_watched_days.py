"""Which days are watched, in the corpus's zone, and which runs are looked at."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pytest

from dags.corpus.corpus import Corpus
from dags.night.night_runs import candidates
from dags.night.watched_days import planned_at, watch_schedule, watched_days

CORPUS = Corpus(
    name="radio", source="/a", out="/b", schedule="45 2 * * *", timezone="America/New_York"
)


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def test_a_night_is_planned_behind_its_day_in_the_zone_of_the_corpus() -> None:
    assert planned_at(CORPUS, "2026-07-01") == at("2026-07-02T06:45:00+00:00")
    assert planned_at(CORPUS, "2026-12-01") == at("2026-12-02T07:45:00+00:00")
    assert watch_schedule("45 2 * * *") == "15 * * * *"
    assert watch_schedule("0 0 * * *") == "30 * * * *"


@pytest.mark.parametrize(
    ("now", "days"),
    [
        ("2026-12-02T07:44:00+00:00", ("2026-11-24", "2026-11-30")),
        ("2026-12-02T07:45:00+00:00", ("2026-11-25", "2026-12-01")),
        ("2026-12-03T04:59:00+00:00", ("2026-11-25", "2026-12-01")),
    ],
)
def test_days_whose_night_was_due_are_watched(now: str, days: tuple[str, str]) -> None:
    assert watched_days(CORPUS, at(now)) == days


def test_days_before_the_first_are_not_watched() -> None:
    now = at("2026-12-02T12:00:00+00:00")
    first = replace(CORPUS, first_day="2026-11-30")
    assert watched_days(first, now) == ("2026-11-30", "2026-12-01")
    assert watched_days(replace(CORPUS, first_day="2026-12-02"), now) is None
    assert watched_days(replace(CORPUS, lookback_days=1), now) == ("2026-12-01", "2026-12-01")


def test_runs_of_the_watched_days_and_of_now_are_looked_at() -> None:
    ended, running, waiting = (
        {"plan": "success", "report": "success"},
        {"plan": "success", "report": None},
        {"plan": None, "report": None},
    )
    states: dict[str, dict[str, Any]] = {
        "scheduled__2026-11-25T00:00:00+00:00__2026-11-24__ab": ended,
        "scheduled__2026-11-24T00:00:00+00:00__2026-11-23__ab": ended,
        "backfill__2026-11-23T23:00:00+00:00__2026-11-24__cd": waiting,
        "backfill__2025-01-01T00:00:00+00:00__2025-01-01__ef": running,
        "backfill__2025-01-02T00:00:00+00:00__2025-01-02__gh": waiting,
        "backfill__2025-01-03T00:00:00+00:00__2025-01-03__ij": {
            "plan": "failed",
            "report": "upstream_failed",
        },
        "watch__2026-11-24__1": ended,
        "watch__2026-11-22__1": ended,
        "by hand": ended,
    }
    assert list(candidates(states, "2026-11-25")) == [
        "scheduled__2026-11-25T00:00:00+00:00__2026-11-24__ab",
        "scheduled__2026-11-24T00:00:00+00:00__2026-11-23__ab",
        "backfill__2025-01-01T00:00:00+00:00__2025-01-01__ef",
        "watch__2026-11-24__1",
        "by hand",
    ]
