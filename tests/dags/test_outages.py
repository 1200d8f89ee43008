"""Each part of Airflow is killed in turn while one night asks its model: its job lives on."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil
import pytest

from dags.launch.process import Launch
from infra.local_airflow import COMPONENTS
from infra.local_postgres import NotStarted
from tests.chat_server import Server
from tests.dags.nights_apart import Undisturbed, assert_right_and_nothing_twice, met_in_the_middle
from tests.dags.site import Run, Site, is_alive

pytestmark = pytest.mark.airflow

CORPUS = "parts_killed"
DAG, TASK = f"annotate__{CORPUS}", "annotate"
IMPATIENT = {
    "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "1",
    "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "1",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
}
"""What a supervisor of Airflow's defaults does half a minute after its server is gone, it does in
two seconds."""


@dataclass
class Night:
    """A run whose task `annotate` goes on while the parts of Airflow come and go."""

    site: Site
    model: Server
    run: str
    job: psutil.Process
    attempts: int = 1

    def task(self) -> Run:
        return self.site.task(DAG, self.run, TASK)

    def kill(self, name: str) -> None:
        """Kill a component with all that it started but tasks and jobs."""
        process = self.site.airflow.processes[name]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def is_adopted(self) -> bool:
        """True once an attempt after those known looks after the job; what ended is started."""
        try:
            self.site.airflow.start_components()
            task = self.task()
        except (NotStarted, httpx.HTTPError, AssertionError):
            # one has ended meanwhile, as the scheduler does without its database
            return False
        is_watched = self.launch.is_owned_by(task["id"]) and task["state"] == "running"
        return is_watched and task["try_number"] > self.attempts

    def goes_on(self) -> None:
        """Wait for the next attempt; let it get two more answers."""
        self.site.until(self.is_adopted)
        self.attempts = self.task()["try_number"]
        assert self.site.jobs(DAG) == [self.job]
        self.model.allow(2)

    @property
    def launch(self) -> Launch:
        (folder,) = (self.site.airflow.home / "launches").glob(f"*/{DAG}/*/{TASK}")
        return Launch(folder)


@contextmanager
def impatient_supervisors(site: Site) -> Iterator[None]:
    """Tasks of a scheduler that is started while the body runs give up soon."""
    patient = {name: site.airflow.environment.get(name) for name in IMPATIENT}
    site.airflow.environment |= IMPATIENT
    try:
        yield
    finally:
        for name, value in patient.items():
            if value is None:
                del site.airflow.environment[name]
            else:
                site.airflow.environment[name] = value


def a_scheduler_is_killed(night: Night) -> None:
    night.kill("scheduler")
    night.goes_on()


def a_dag_processor_and_a_triggerer_are_killed(night: Night) -> None:
    for name in ("dag-processor", "triggerer"):
        night.kill(name)
    night.site.airflow.start_components()
    assert night.site.jobs(DAG) == [night.job]
    assert night.task()["try_number"] == night.attempts


def a_supervisor_is_killed(night: Night) -> None:
    supervisor = psutil.Process(night.task()["pid"]).ppid()
    os.kill(supervisor, signal.SIGKILL)
    night.goes_on()


def the_api_server_is_away_until_the_task_has_ended(night: Night) -> None:
    task_pid = night.task()["pid"]
    night.kill("api-server")
    night.site.until(lambda: not is_alive(task_pid))
    assert night.job.is_running()
    night.goes_on()


def the_database_is_away_until_the_task_has_ended(night: Night) -> None:
    task_pid = night.task()["pid"]
    os.kill(night.site.airflow.database.pid, signal.SIGKILL)
    night.site.until(lambda: not is_alive(task_pid))
    assert night.job.is_running()
    night.site.airflow.database.start()
    night.goes_on()


def all_of_airflow_is_replaced_by_another_release(night: Night) -> None:
    """As an upgrade does: all components end, files change, all components start."""
    for name in COMPONENTS:
        night.kill(name)
    changed = night.site.corpus_file(CORPUS)
    changed.write_text(changed.read_text() + "description: as the next release has it\n")
    night.goes_on()


def test_a_night_with_one_retry_outlives_each_part_of_airflow(
    site: Site, model: Server, undisturbed: Undisturbed
) -> None:
    asked = len(model.bodies)
    with (
        impatient_supervisors(site),
        met_in_the_middle(site, model, CORPUS) as (run, done),
    ):
        (job,) = site.jobs(DAG)
        night = Night(site, model, run, job)
        a_supervisor_is_killed(night)
        a_scheduler_is_killed(night)  # from here on supervisors are impatient
        a_dag_processor_and_a_triggerer_are_killed(night)
        the_api_server_is_away_until_the_task_has_ended(night)
        the_database_is_away_until_the_task_has_ended(night)
    # the next scheduler's supervisors have Airflow's patience
    with model.holding_after(2):
        all_of_airflow_is_replaced_by_another_release(night)
    assert site.finished(DAG, [run]) == {run: "success"}
    log = site.log(DAG, run, TASK, night.attempts)
    assert "Reconnecting to existing job" in log
    assert re.search(r"annotate: \d+:\d\d of 2:3\d, \d+x real time, \d+:\d\d left", log)
    assert len(model.bodies) - asked == undisturbed.questions
    assert_right_and_nothing_twice(site, CORPUS, done, undisturbed)
