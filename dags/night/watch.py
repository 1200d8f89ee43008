"""The DAG `watch__CORPUS`: days that lack something are brought to a run, and said.

af3 watch (one listing) ──► days ──► their runs ──► clear or create one ──► notices
"""

from __future__ import annotations

import datetime
import logging
import time
from dataclasses import dataclass
from typing import Any

from airflow.sdk import DAG, CronTriggerTimetable
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowRuntimeError

from dags.corpus.arguments import job_arguments
from dags.corpus.corpus import Alerts, Corpus
from dags.launch.job_operator import Af3JobOperator, Context
from dags.night import night_runs, watch_decisions
from dags.night.factory import FIRST_DAY, tables_of, task_arguments
from dags.night.night_runs import NightRun
from dags.night.notices import failure_reason, send, speaks_for_itself
from dags.night.priority import TONIGHT_FIRST
from dags.night.watch_decisions import Finding, Look
from dags.night.watch_docs import watch_docs
from dags.night.watch_memory import Memory, WatchStore
from dags.night.watch_notices import (
    failing_text,
    late_backfill_text,
    late_text,
    looks_again_text,
    recovery_text,
    run_link,
)
from dags.night.watched_days import watch_schedule, watched_days
from schemas.day_status import DayStatus

log = logging.getLogger(__name__)

JOB = "watch"
REPORT_NAME = "watch"
"""Instead of a run's name: the report of the last look takes the place of the one before."""

STUCK_AFTER_S, STUCK_POLL_S = 20.0, 2.0
"""A healthy scheduler starts a run that nothing holds up within seconds."""


def watch_dag(corpus: Corpus) -> DAG:
    """The DAG `watch__CORPUS` of a corpus that has a schedule.

    Raises:
        ValueError: it has none.
    """
    if corpus.schedule is None:
        raise ValueError(f"{corpus.name} has no schedule: nothing of it runs by itself")
    with DAG(
        dag_id=f"watch__{corpus.name}",
        description=f"Bring the days of {corpus.name} that lack something to a run",
        schedule=CronTriggerTimetable(watch_schedule(corpus.schedule), timezone=corpus.timezone),
        start_date=FIRST_DAY,
        catchup=False,
        max_active_runs=1,
        default_args=task_arguments(corpus)
        | {
            "on_success_callback": None,
            "on_failure_callback": WatchFailureNotice(corpus.name, corpus.alerts),
        },
        doc_md=watch_docs(corpus),
        tags=["af3", JOB],
    ) as dag:
        NightWatch(corpus=corpus, task_id=JOB, weight_rule=TONIGHT_FIRST)
    return dag


class NightWatch(Af3JobOperator):
    """Runs the job `watch`, brings the oldest day that lacks something to a run, and says what is
    to be said.

    It runs on the worker's machine, whatever runs the other jobs: it takes a second or two.
    """

    def __init__(self, *, corpus: Corpus, **kwargs: Any) -> None:
        super().__init__(job=JOB, arguments=self._arguments, python=corpus.runner.python, **kwargs)
        self.corpus = corpus
        self.store = WatchStore(tables_of(corpus).name)

    def execute(self, context: Context) -> dict[str, Any]:
        """Look once.

        Raises:
            JobError: the job failed, for example as the archive cannot be listed.
            AirflowRuntimeError: the API server refuses, or is in trouble.
        """
        if watched_days(self.corpus, datetime.datetime.now(datetime.UTC)) is None:
            self.log.info("no night of %s was due yet", self.corpus.name)
            return {}
        result: dict[str, Any] = super().execute(context)
        self._act(str(result["since"]), result)
        self._say_recovery_of_watch()
        return result

    def _arguments(self, **_: Any) -> list[str]:
        days = watched_days(self.corpus, datetime.datetime.now(datetime.UTC))
        since, until = days or ("", "")
        return job_arguments(JOB, self.corpus, since, until, REPORT_NAME)

    @property
    def _nightly(self) -> str:
        return f"annotate__{self.corpus.name}"

    def _act(self, since: str, report: dict[str, Any]) -> None:
        look = self._look(since, report)
        found = watch_decisions.findings(self.corpus, look)
        for finding in found:
            self.log.info("%s lacks something: %s", finding.day, finding.cause)
        memory = watch_decisions.forget_before(self.store.memory(), since)
        memory = watch_decisions.seen(memory, look, found)
        chosen = watch_decisions.day_to_bring(look, memory, found)
        brought_to = self._bring(chosen, look) if chosen else ""
        if chosen:
            memory = watch_decisions.brought(memory, look, chosen)
        self.store.keep(memory)  # before anything is said, which may take its time
        if watch_decisions.is_more_to_bring(look, memory, found):
            again = watch_decisions.next_look(look.now)
            night_runs.start_later(self.dag_id, f"watch__again__{again:%Y-%m-%dT%H:%M}", again)
        memory = self._say_late(look, memory, found, (chosen, brought_to))
        self.store.keep(self._say_recovered(look, memory, found))

    def _look(self, since: str, report: dict[str, Any]) -> Look:
        days = [DayStatus.from_fact(day) for day in report["facts"]["days"]]
        lacking = {day.date for day in days if not day.is_complete}
        runs = night_runs.night_runs(self._nightly, self.corpus.timezone, since)
        is_paused = night_runs.is_paused(self._nightly)
        failed = [day for day in self.store.failed_days() if day >= since]
        return Look(
            now=datetime.datetime.now(datetime.UTC),
            days=days,
            listed_at=datetime.datetime.fromisoformat(report["started_at"]),
            runs=runs,
            stuck=frozenset() if is_paused else self._stuck(runs, lacking),
            failed_days=frozenset(failed),
            is_paused=is_paused,
        )

    def _stuck(self, runs: list[NightRun], lacking: set[str]) -> frozenset[str]:
        """Those that stay in the queue though nothing holds them up: a while is waited for those
        of days that lack something.
        """
        found = watch_decisions.may_be_stuck(runs)
        waiting = {run.run_id for run in found if run.day in lacking}
        others = {run.run_id for run in found} - waiting
        end = time.monotonic() + STUCK_AFTER_S
        while waiting and time.monotonic() < end:
            time.sleep(STUCK_POLL_S)
            waiting = {
                run for run in waiting if night_runs.state_of_run(self._nightly, run) == "queued"
            }
        return frozenset(waiting | others)

    def _bring(self, chosen: Finding, look: Look) -> str:
        """Clear the day's failed run, or create one; gives the run's id."""
        run_id = watch_decisions.run_to_clear(chosen)
        if run_id is not None:
            self.log.info("%s: clearing its run %s", chosen.day, run_id)
            night_runs.clear_run(self._nightly, run_id, chosen.day)
            return run_id
        run_id = watch_decisions.new_run_id(chosen.day, look.runs)
        note = f"created by {self.dag_id}: {chosen.status.missing} objects were not published"
        if night_runs.start_run(self._nightly, run_id, chosen.day, note):
            self.log.info("%s: created its run %s", chosen.day, run_id)
        else:
            self.log.info("%s: another look created its run %s", chosen.day, run_id)
        return run_id

    def _say_late(
        self, look: Look, memory: Memory, found: list[Finding], brought: tuple[Finding | None, str]
    ) -> Memory:
        for finding in watch_decisions.late_days(self.corpus, look, memory, found):
            chosen, run_id = brought
            brought_to = run_id if chosen is not None and chosen.day == finding.day else ""
            link = self._link(brought_to or (finding.run.run_id if finding.run else ""))
            if self._send(late_text(self.corpus, finding, link, look.now, brought_to)):
                memory = watch_decisions.told(memory, finding)
        run = watch_decisions.late_backfill(self.corpus, look, memory)
        if run and self._send(late_backfill_text(self.corpus, run, self._link(run.run_id))):
            memory = watch_decisions.backfill_told(memory)
        return memory

    def _say_recovered(self, look: Look, memory: Memory, found: list[Finding]) -> Memory:
        for day in watch_decisions.recovered_days(look, memory, found):
            runs = look.runs_of(day)
            link = self._link(runs[-1].run_id if runs else "")
            text = recovery_text(self.corpus, day, memory.days[day], link)
            if self._send(text, logging.INFO):
                memory = memory.without_day(day)
        for day in watch_decisions.complete_days(look, memory, found):
            memory = memory.without_day(day)
        # what other tasks noted meanwhile stays for the next look
        noted = set(self.store.failed_days()) - look.failed_days
        still = {day for day in look.failed_days if day in memory.days}
        self.store.keep_failed_days([*noted, *still])
        return memory

    def _say_recovery_of_watch(self) -> None:
        if why := self.store.trouble():
            link = run_link(_base_url(), self.dag_id)
            if self._send(looks_again_text(self.corpus.name, why, link), logging.INFO):
                self.store.keep_trouble("")

    def _link(self, run_id: str) -> str:
        return run_link(_base_url(), self._nightly, run_id)

    def _send(self, text: str, level: int = logging.ERROR) -> bool:
        return send(self.corpus.alerts.webhook, self.corpus.alerts.email, text, level)


@dataclass(frozen=True)
class WatchFailureNotice:
    """Airflow's callback for a watch that failed for good: says it once, as long as it fails by the
    same kind of error.
    """

    corpus: str
    alerts: Alerts

    def __call__(self, context: Any) -> None:
        why = failure_reason(context.get("exception"))
        if not speaks_for_itself(context) or self._is_news(why):
            text = failing_text(self.corpus, why, context["ti"].log_url)
            send(self.alerts.webhook, self.alerts.email, text)

    def _is_news(self, why: str) -> bool:
        store = WatchStore(f"tables__{self.corpus}")
        try:
            is_news = _kind(store.trouble()) != _kind(why)
            if is_news:
                store.keep_trouble(why)
        except AirflowRuntimeError as error:
            log.info("what was said of the watch is not known: %s", type(error).__name__)
            return True
        return is_news


def _kind(why: str) -> str:
    """The types of an error as they lead its text: `JobFailed: watch: ArchiveNotListed`."""
    return ":".join(why.split(":")[:3])


def _base_url() -> str:
    return str(conf.get("api", "base_url", fallback=""))
