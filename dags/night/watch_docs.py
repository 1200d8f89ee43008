"""What the DAG `watch__CORPUS` says of itself in the UI."""

from __future__ import annotations

from dags.corpus.corpus import Corpus
from dags.night.watched_days import watch_schedule

_DOCS = """
Holds the archive against the tables: the last **{lookback_days}** days whose night was due, once an
hour (`{schedule}`, {timezone}), with one listing of the archive. The report of its task says what
each day holds and lacks.

A day that lacks something, such as recordings that came after their night, or a night that was
missed while no scheduler ran, is brought to a run of `annotate__{name}`: its failed run is cleared,
else a run is created. The oldest day goes first, one at a time, while no other run but those of
backfills is on its way; while days are left, the next look comes within ten minutes. The run is a
night like any other: within the budget, or it ends and awaits a decision.

| what is found | what is done |
|---|---|
| the day has a run that is queued or running | nothing |
| the run failed | it is cleared |
| there is no run, or the run ended before the recordings came | one is created |
| its run is a cancelled backfill's: Airflow never starts it | one is created; fail the other |
| the day awaits a decision | nothing; it is said once |
| `annotate__{name}` is switched off | nothing |

What was tried for the same lack is tried again after 2 hours, then 4, 8, 16 and 24.

**Late** ({late}): each day that has objects and is not published is said, once for each cause,
with the remedy; and so is its recovery. A backfill is late when one of its runs takes that long,
which is said once.
"""


def watch_docs(corpus: Corpus) -> str:
    """The page of the DAG, in Markdown."""
    late_after_h = corpus.alerts.late_after_h
    late = "never said" if late_after_h is None else f"{late_after_h:g} h after its planned time"
    return _DOCS.format(
        name=corpus.name,
        lookback_days=corpus.lookback_days,
        schedule=watch_schedule(corpus.schedule or ""),
        timezone=corpus.timezone,
        late=f"`alerts.late_after_h`: {late}",
    )
