"""Which days of a corpus the watch looks at, and when each was planned. Pure functions."""

from __future__ import annotations

import datetime
import zoneinfo

from dags.corpus.corpus import Corpus

_BEHIND_NIGHT_MIN = 30
"""By then the scheduler has created the night's own run, and the watch finds it."""


def watch_schedule(schedule: str) -> str:
    """Once an hour, half an hour behind the minute of the nightly run."""
    minute = int(schedule.split()[0])
    return f"{(minute + _BEHIND_NIGHT_MIN) % 60} * * * *"


def planned_at(corpus: Corpus, day: str) -> datetime.datetime:
    """When the nightly run of an archive day is planned, in the corpus's zone.

    Raises:
        ValueError: the corpus has no schedule.
    """
    if corpus.schedule is None:
        raise ValueError(f"{corpus.name} has no schedule")
    minute, hour = map(int, corpus.schedule.split()[:2])
    after = datetime.date.fromisoformat(day) + datetime.timedelta(days=1)
    zone = zoneinfo.ZoneInfo(corpus.timezone)
    return datetime.datetime.combine(after, datetime.time(hour, minute), zone)


def watched_days(corpus: Corpus, now: datetime.datetime) -> tuple[str, str] | None:
    """First and last of the days whose night was due, `lookback_days` at most; None where there is
    none yet.
    """
    today = now.astimezone(zoneinfo.ZoneInfo(corpus.timezone)).date()
    last = today - datetime.timedelta(days=1)
    if planned_at(corpus, last.isoformat()) > now:
        last -= datetime.timedelta(days=1)
    first = last - datetime.timedelta(days=corpus.lookback_days - 1)
    since = max(first.isoformat(), corpus.first_day or "")
    return (since, last.isoformat()) if since <= last.isoformat() else None
