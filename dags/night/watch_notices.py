"""What the watch says of days: cause, remedy and link, a fact a line. Pure functions."""

from __future__ import annotations

import datetime
import zoneinfo
from urllib.parse import quote

from dags.corpus.corpus import Corpus
from dags.night.night_runs import NightRun
from dags.night.watch_decisions import BROUGHT, Cause, Finding
from dags.night.watch_memory import DayMemory
from dags.night.watched_days import planned_at

_CAUSES = {
    Cause.RUNNING: "its run {run} is not done; it runs since {since}",
    Cause.JUST_ENDED: "its run {run} has just ended",
    Cause.PAUSED: "the DAG is switched off",
    Cause.QUEUED: "its run {run} waits in the queue",
    Cause.DECISION: "its plan is beyond the limits of the corpus, and nobody has decided",
    Cause.TO_COME: "it was missed while no scheduler ran",
    Cause.STUCK: "its run {run} is of a cancelled backfill: Airflow never starts it",
    Cause.FAILED: "its run {run} failed",
    Cause.LEFT: "its run {run} has ended without them: they came later, or wait",
    Cause.NO_RUN: "it has no run: no scheduler ran, others go first, or the run was deleted",
}
_NEXT = {
    Cause.RUNNING: "look at its running task; the log shows audio done, rate and time left",
    Cause.JUST_ENDED: "nothing: the next look knows what it did",
    Cause.PAUSED: "switch {dag} on; the day is then run by itself",
    Cause.QUEUED: "other runs go first, or its backfill is paused: look at Backfills of {dag}",
    Cause.DECISION: "Trigger {dag} with Archive day {day}, and say in the form how many GPU hours"
    " are allowed or that what is missing is accepted; until then nothing is run for this day",
    Cause.TO_COME: "nothing: catchup runs the nights in their order",
    Cause.STUCK: "mark that run failed; the day itself is run by a run of its own",
    Cause.FAILED: "mend the cause, which the log of its failed task says; the day is run again by"
    " itself",
    Cause.LEFT: "nothing, where they came after that run: the day is run again by itself; else look"
    " at the run's report",
    Cause.NO_RUN: "nothing: the day is run by itself",
}


def run_link(base_url: str, dag_id: str, run_id: str = "") -> str:
    """The page of a run in Airflow's UI, or of the DAG."""
    dag = f"{base_url.rstrip('/')}/dags/{quote(dag_id, safe='')}"
    return f"{dag}/runs/{quote(run_id)}" if run_id else dag


def late_text(
    corpus: Corpus, finding: Finding, link: str, now: datetime.datetime, brought_to: str = ""
) -> str:
    """The notice of a day that is late, or that waits for a decision.

    `brought_to` is the run that does it now, where there is one since this look.
    """
    status, dag = finding.status, f"annotate__{corpus.name}"
    is_decision = finding.cause is Cause.DECISION
    what = "waits for a decision" if is_decision else "is late"
    objects = f"{status.missing} of {status.objects or status.missing} objects are not published"
    late_h = (now - planned_at(corpus, finding.day)).total_seconds() / 3600
    remedy = _NEXT[finding.cause].format(dag=dag, day=finding.day)
    if finding.cause in BROUGHT and brought_to:
        remedy += f" ({brought_to}, since now)"
    return "\n".join(
        [
            f"af3: {corpus.name}, {finding.day}: {what}: {objects}",
            f"cause: {_cause(finding, corpus.timezone)}",
            f"planned: {_moment(planned_at(corpus, finding.day), corpus.timezone)},"
            f" {late_h:.1f} h ago",
            f"next: {remedy}",
            f"link: {link}",
        ]
    )


def late_backfill_text(corpus: Corpus, run: NightRun, link: str) -> str:
    """The notice of a backfill one of whose runs takes too long; said once."""
    started = _moment(run.started_at or run.run_after, corpus.timezone)
    hours = corpus.alerts.late_after_h or 0.0
    return "\n".join(
        [
            f"af3: {corpus.name}, {run.day}: a backfill is late",
            f"cause: its run {run.run_id} runs since {started}, more than {hours:g} h; the days"
            " behind it wait",
            f"next: {_NEXT[Cause.RUNNING]}",
            f"link: {link}",
        ]
    )


def recovery_text(corpus: Corpus, day: str, known: DayMemory, link: str) -> str:
    """The notice of a day that was late or failed, and lacks nothing now."""
    were = [*(["failed"] if known.failed else []), *(["late"] if known.said else [])]
    return "\n".join(
        [
            f"af3: {corpus.name}, {day}: is published, and lacks nothing",
            f"cause: it was {' and '.join(were)}; a run has done it since",
            "next: nothing",
            f"link: {link}",
        ]
    )


def failing_text(corpus: str, why: str, link: str) -> str:
    """The notice of a watch that cannot look."""
    return "\n".join(
        [
            f"af3: {corpus}: the watch fails: what its days lack is not known",
            f"cause: {why}",
            "next: mend the cause; the watch looks again within an hour",
            f"link: {link}",
        ]
    )


def looks_again_text(corpus: str, why: str, link: str) -> str:
    """The notice of a watch that failed, and looks again."""
    return "\n".join(
        [
            f"af3: {corpus}: the watch looks again",
            f"cause: it failed: {why}",
            "next: nothing",
            f"link: {link}",
        ]
    )


def _cause(finding: Finding, timezone: str) -> str:
    run = finding.run
    text = _CAUSES[finding.cause]
    if finding.cause is Cause.FAILED and run is not None and run.is_backfill:
        text = "its run {run} failed, or its backfill was cancelled"
    since = _moment(run.moment, timezone) if run else ""
    return text.format(run=run.run_id if run else "", since=since)


def _moment(moment: datetime.datetime, timezone: str) -> str:
    return f"{moment.astimezone(zoneinfo.ZoneInfo(timezone)):%Y-%m-%d %H:%M} {timezone}"
