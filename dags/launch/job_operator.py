"""The operator that runs one Beam job of a night on the worker's machine.

Beam's own provider is not used: its operator deadlocks once a job has written 64 KiB to one stream
while the other is read, and its deferrable mode runs the pipeline inside the triggerer, where
nothing kills it.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.bases.resumablejobmixin import ResumableJobMixin
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowTaskTimeout

from dags.corpus.arguments import part_name, run_name
from dags.launch.attempts import is_last_attempt
from dags.launch.errors import JobLeft, JobLost, check_report
from dags.launch.process import AlreadyRunning, Launch, job_environment, launches_folder
from dags.launch.report_pages import report_page
from dags.launch.seen import SeenFromOutside
from dags.launch.stops import is_ended_by_somebody
from schemas.reports import WAITING_EXIT_CODE, JobReport

if TYPE_CHECKING:
    from pydantic import JsonValue

Context = Any
"""Airflow's task context."""

Arguments = Callable[..., Sequence[str]]
"""A job's options for `context`; also called with `jinja_env`, as all that Airflow renders."""

FIRST_POLL_S, POLL_S = 0.05, 1.0
"""A short job is seen to end at once, a long one is looked at once a second."""
_STOP_POLL_S = 0.1
"""A task that is told to stop has five seconds for it."""
_START_S = 60.0
"""Until the next attempt looks after a job: it waits for the scheduler, and reads its DAG."""


class ReportLink(BaseOperatorLink):
    """The button that leads to the job's report."""

    name = "Report"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        return report_page(ti_key.dag_id, ti_key.run_id, ti_key.task_id, ti_key.map_index)


class Af3JobOperator(SeenFromOutside, ResumableJobMixin, BaseOperator):
    """Run `python -m beam_jobs JOB` in a session of its own and see it through.

    The job's log is the task's log, progress included. A task that somebody ends (failed or cleared
    by hand, its run deleted) ends the job with all its processes. A worker, supervisor, scheduler,
    server or database that goes away leaves it running, and the next attempt goes on with it, or
    starts it anew where it lands on another machine. The job's report is the task's result.

    Args:
        job: its name in `schemas.jobs`.
        arguments: gives the job's options for a context, Beam's included. Airflow asks it as it
            renders templates, so that *Rendered Templates* shows what the job is told.
        python: interpreter with the jobs' packages; Airflow's own by default.
        partition: gives the partition key of the task's outlets; a run by hand has none itself.
        part, parts: which part of the job's work this task does, and how many there are.
        control_plane_grace_min: how long Airflow may be away before the job ends by itself.
    """

    external_id_key = "launch"
    operator_extra_links = (ReportLink(),)
    template_fields = ("job", "arguments", "python")
    ui_color = "#e6f2ea"

    def __init__(
        self,
        *,
        job: str,
        arguments: Arguments,
        python: str | None = None,
        partition: Callable[[Context], str] | None = None,
        part: int = 0,
        parts: int = 1,
        control_plane_grace_min: float = 30.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.arguments: Arguments | Sequence[str] = arguments
        self.python = python
        self.partition = partition
        self.part, self.parts = part, parts
        self.control_plane_grace_min = control_plane_grace_min
        self._launch: Launch | None = None
        self._attempt = ""
        self._is_told_to_stop = False

    @property
    def part_name(self) -> str:
        """For the UI's list of parts."""
        return part_name((self.part, self.parts))

    def execute(self, context: Context) -> dict[str, Any]:
        """Start the job, or go on with one that is running, and give back its report.

        Raises:
            JobError: the job failed; its type says whether another attempt may help.
        """
        self._launch = _launch_of(context)
        self._attempt = str(context["ti"].id)
        try:
            self.execute_resumable(context)
        except AirflowTaskTimeout:
            self._launch.kill()
            raise
        ti = context["ti"]
        result = {
            **self._collect(self._launch, context).to_json(),
            "link": report_page(ti.dag_id, ti.run_id, ti.task_id, ti.map_index),
        }
        self.log.info("report: %s", result["link"])
        emit_partition(self, self.partition, context)
        return result

    def submit_job(self, context: Context) -> JsonValue:
        launch = self._known_launch
        command = [self.python or sys.executable, "-m", "beam_jobs", self.job]
        command += rendered(self.arguments)
        command += [f"--report={launch.report_path}", f"--watched-by={launch.watched_path}"]
        command += [f"--patience-s={self._patience_s():.0f}"]
        launch.folder.mkdir(parents=True, exist_ok=True)
        launch.own(self._attempt)
        try:
            launch.start(command, job_environment(os.environ) | {"PYTHONUNBUFFERED": "1"})
            self.log.info("started: python %s", shlex.join(command[1:]))
        except AlreadyRunning:
            # the attempt before died between starting the job and saying so
            self.log.info("going on with the job that an earlier attempt started")
        return {**launch.identity()}

    def get_job_status(self, external_id: Any, context: Context) -> str:
        launch = self._known_launch
        is_running = launch.is_running()
        if not is_running and external_id != launch.identity():
            # a report that lies here may be older than the work that was done elsewhere since
            self.log.info("an earlier attempt's job ran as %s; what it did is kept", external_id)
            return "elsewhere"
        self.log.info("an earlier attempt started: %s", launch.command() or self.job)
        if is_running:
            return "running"
        report = launch.report()
        if report is None:
            return "lost"
        # one with pieces that wait has ended too: `execute` decides what becomes of it
        is_ended_well = report.exit_code in (0, WAITING_EXIT_CODE)
        return "succeeded" if is_ended_well else "failed"

    def is_job_active(self, status: str) -> bool:
        return status == "running"

    def is_job_succeeded(self, status: str) -> bool:
        return status == "succeeded"

    def poll_until_complete(self, external_id: Any, context: Context) -> None:
        launch, supervisor = self._known_launch, os.getppid()
        launch.own(self._attempt)
        wait_s = FIRST_POLL_S
        while launch.is_running():
            if not launch.is_owned_by(self._attempt):
                raise JobLeft(f"{self.job} goes on under another attempt of this task")
            if os.getppid() != supervisor:
                raise JobLeft(f"{self.job} goes on; this attempt's supervisor is gone")
            if self._is_told_to_stop:
                self._stop(launch, context["ti"])
            self._pass_on_log(launch)
            launch.watch()
            self._wait(wait_s)
            wait_s = min(POLL_S, wait_s * 1.2)

    def get_job_result(self, external_id: Any, context: Context) -> None:
        """Nothing: `execute` collects the report, after a reconnection too."""

    def on_kill(self) -> None:
        """Airflow calls it from within a signal's handler, where nobody can be asked."""
        self._is_told_to_stop = True

    def _stop(self, launch: Launch, task_instance: Any) -> None:
        """End the job where somebody ended the task; leave it to the next attempt otherwise."""
        is_ended = is_ended_by_somebody(task_instance)
        if is_ended:
            self.log.info("the task was ended: ending the job and all its processes")
            launch.kill()
            raise JobLost(f"{self.job} was ended with its task. What is done is kept")
        why = "Airflow does not answer" if is_ended is None else "nobody ended the task"
        raise JobLeft(
            f"this attempt is told to stop, and {why}: {self.job} goes on, and the next attempt"
            f" with it; a job that nobody looks after ends after {self._patience_s() / 60:.0f} min"
        )

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._is_told_to_stop and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _STOP_POLL_S))

    def _patience_s(self) -> float:
        """How long a job that nobody looks after waits: the grace, and what Airflow needs to miss
        this attempt and begin the next one.
        """
        missed_s = conf.getint("scheduler", "task_instance_heartbeat_timeout", fallback=300)
        delay_s = self.retry_delay.total_seconds()
        return self.control_plane_grace_min * 60 + missed_s + delay_s + _START_S

    @property
    def _known_launch(self) -> Launch:
        if self._launch is None:
            raise RuntimeError("execute() makes the launch")
        return self._launch

    def _collect(self, launch: Launch, context: Context) -> JobReport:
        self._pass_on_log(launch)
        report = launch.report()
        if report is None:
            launch.kill()
            raise JobLost(
                f"{self.job} ended without a report: it was killed or ran out of memory. What is"
                " done is kept; the next attempt goes on from there"
            )
        launch.clear()
        self.show(report, context)
        check_report(report, lambda: is_last_attempt(context))
        return report

    def _pass_on_log(self, launch: Launch) -> None:
        for line in launch.new_log_lines():
            self.log.info("%s", line)


def rendered(arguments: Arguments | Sequence[str]) -> Sequence[str]:
    """A job's options, once Airflow has rendered the task's templates."""
    if callable(arguments):
        raise TypeError("templates are rendered before a task is executed")
    return arguments


def emit_partition(
    task: BaseOperator, partition: Callable[[Context], str] | None, context: Context
) -> None:
    """Give the events of a task's outlets their partition key; a run by hand has none itself.

    A run of all days is no partition's: nobody is told.
    """
    if partition is None:
        return
    key = partition(context)
    if not key:
        task.outlets = []
    for asset in task.outlets:
        context["outlet_events"][asset].add_partitions(key)


def _launch_of(context: Context) -> Launch:
    ti = context["ti"]
    name = ti.task_id if ti.map_index < 0 else f"{ti.task_id}-{ti.map_index}"
    return Launch(launches_folder() / ti.dag_id / run_name(ti.run_id) / name)
