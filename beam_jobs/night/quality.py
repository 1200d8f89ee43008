"""Trends: how good the annotations of an interval are, against the interval before it.

tables ──► measures by SQL ──► quality/corpus=C/from=FIRST,until=LAST.json

What people reviewed of it is measured beside that (`beam_jobs/night/quality_reviewed.py`).
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from af3core.errors import ConfigurationError
from beam_jobs.corrections.reviewed_answers import reviewed_answers
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.views import ask_published, translated_errors
from beam_jobs.night.quality_reviewed import measure_lines, measured
from schemas import layout
from schemas.record_format import FORM

_RECORDINGS = """
SELECT count(*), coalesce(sum(duration_ms), 0) / 3.6e6, coalesce(sum(annotated_ms), 0) / 3.6e6,
       coalesce(avg(CAST(status = 'failed' AS INTEGER)), 0)
FROM recordings WHERE corpus = ? AND date BETWEEN ? AND ?
"""
_ANSWERS = """
SELECT count(*), coalesce(avg(CAST(len(flags) > 0 AS INTEGER)), 0), avg(mean_logprob)
FROM (SELECT corpus, date, flags, mean_logprob FROM transcripts
      UNION ALL SELECT corpus, date, flags, mean_logprob FROM captions
      UNION ALL SELECT corpus, date, flags, mean_logprob FROM answers)
WHERE corpus = ? AND date BETWEEN ? AND ?
"""


@dataclass(frozen=True)
class Quality:
    """Measures of an interval; shares lie between 0 and 1, log-probabilities are per token."""

    since: str
    until: str
    recordings: int
    hours: float
    annotated_hours: float
    failed_share: float
    answers: int
    flagged_share: float
    mean_logprob: float | None


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Measure the interval and the one of the same length before it.

    Raises:
        ConfigurationError: the interval is open.
    """
    if not settings.explicit_dates():
        raise ConfigurationError("quality needs an interval: give --since and --until")
    now = measure(settings.out, settings.corpus, settings.since, settings.until)
    before = measure(settings.out, settings.corpus, *_before(settings.since, settings.until))
    reviewed = measured(reviewed_answers(settings.out, settings.corpus, now.since, now.until))
    facts = {"now": asdict(now), "before": asdict(before), "reviewed": list(map(asdict, reviewed))}
    key = layout.quality_key(settings.corpus, settings.since, settings.until)
    settings.store.write(key, (json.dumps(facts | FORM, indent=1) + "\n").encode())
    return Outcome(facts, [*trend_lines(now, before), *measure_lines(reviewed)])


def measure(out: str, corpus: str, since: str, until: str) -> Quality:
    """The measures of one interval, from the published tables."""
    interval = (corpus, since, until)

    def ask(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
        return [connection.execute(sql, interval).fetchall()[0] for sql in (_RECORDINGS, _ANSWERS)]

    with translated_errors(out):
        recordings, answers = ask_published(out, ask)
    return Quality(
        since=since,
        until=until,
        recordings=recordings[0],
        hours=round(recordings[1], 4),
        annotated_hours=round(recordings[2], 4),
        failed_share=round(recordings[3], 4),
        answers=answers[0],
        flagged_share=round(answers[1], 4),
        mean_logprob=None if answers[2] is None else round(answers[2], 4),
    )


def trend_lines(now: Quality, before: Quality) -> list[str]:
    """One line per measure: now, before, change. Pure."""
    lines = [f"{'':<16} {now.since} to {now.until}   {before.since} to {before.until}   change"]
    for name, value in asdict(now).items():
        earlier = asdict(before)[name]
        if name not in ("since", "until"):
            change = None if value is None or earlier is None else value - earlier
            shown = ["-" if v is None else f"{v:g}" for v in (value, earlier)]
            changed = "-" if change is None else f"{change:+g}"
            lines.append(f"{name:<16} {shown[0]:<24}   {shown[1]:<24}   {changed}")
    return lines


def _before(since: str, until: str) -> tuple[str, str]:
    first, last = datetime.date.fromisoformat(since), datetime.date.fromisoformat(until)
    length = last - first + datetime.timedelta(days=1)
    try:
        return (first - length).isoformat(), (last - length).isoformat()
    except OverflowError as error:
        raise ConfigurationError(f"--since {since}: there is no interval before it") from error
