"""The operator's attempts on one host and on another: what each starts, and what it finds again."""

from __future__ import annotations

import datetime
import json
import os
import stat
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from dags.corpus.arguments import part_option
from dags.launch.attempts import WorkRetryPolicy
from dags.launch.errors import JobLost, JobWaits
from dags.launch.job_operator import Af3JobOperator
from dags.launch.process import Launch, launches_folder
from schemas.reports import JobReport
from tests.dags.launch.task_state import State

REPORT = JobReport("annotate", "r", "c", "d", "d", "t", 1.0, 0).to_json()
JOB = f"""\
#!{sys.executable}
import json, os, sys, time
options = dict(a[2:].split("=", 1) for a in sys.argv[4:])
with open(options["starts"], "a") as starts:
    starts.write(options.get("part", "whole") + "\\n")
if options["ends"] == "lost":
    os.kill(os.getpid(), 9)
if options["ends"] == "late":
    time.sleep(600)
report = {REPORT!r}
if options["ends"] == "waiting":
    report |= {{"exit_code": 3, "message": "2 pieces wait", "waiting": {{"StorageError": 2}}}}
open(options["report"], "w").write(json.dumps(report))
sys.exit(report["exit_code"])
"""


class Attempt:
    """What the operator reads of a task instance."""

    dag_id, run_id, task_id, id = "annotate__radio", "run 1", "annotate", "attempt"
    stats_tags: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, map_index: int = -1, is_last: bool = False, states: Any = None) -> None:
        self.map_index, self.states = map_index, states
        self.try_number, self.max_tries = 4 if is_last else 1, 3

    def get_task_states(self, **_: Any) -> Any:
        if self.states is None:
            raise ConnectionError
        return {self.run_id: self.states}


class Hosts:
    """A task whose attempts land on hosts with launch folders of their own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch, self.state = folder, patch, State()
        self.job = folder / "job"
        self.job.write_text(JOB)
        self.job.chmod(self.job.stat().st_mode | stat.S_IXUSR)

    def attempt(
        self, host: str, ends: str = "well", part: int = 0, parts: int = 1, is_last: bool = False
    ) -> Any:
        task = self.task(host, ends, part, parts)
        return self.run(task, Attempt(part if parts > 1 else -1, is_last))

    def task(self, host: str, ends: str, part: int = 0, parts: int = 1) -> Af3JobOperator:
        self.patch.setenv("AF3_LAUNCHES", str(self.folder / host))
        return Af3JobOperator(
            task_id="annotate",
            job="annotate",
            arguments=lambda **_: [
                f"--starts={self.folder / 'starts'}",
                f"--ends={ends}",
                *part_option((part, parts)),
            ],
            python=str(self.job),
            part=part,
            parts=parts,
            retries=9,
            retry_policy=WorkRetryPolicy([], 3, 1.0, 1.0),
            retry_delay=datetime.timedelta(seconds=60),
            control_plane_grace_min=20,
        )

    def run(self, task: Af3JobOperator, ti: Attempt) -> Any:
        context: Any = {"ti": ti, "task_state_store": self.state, "task": task}
        task.render_template_fields(context)
        return task.execute(context)

    def told_to_stop(self, task: Af3JobOperator, states: Any) -> str:
        """What an attempt ends with that is told to stop once its job runs."""

        def stop() -> None:
            while not (self.folder / "starts").exists():
                time.sleep(0.02)
            task.on_kill()

        threading.Thread(target=stop, daemon=True).start()
        with pytest.raises(JobLost) as ended:
            self.run(task, Attempt(states=states))
        return f"{type(ended.value).__name__}: {ended.value}"

    def launch(self) -> Launch:
        return Launch(launches_folder() / "annotate__radio" / "run-1" / "annotate")

    def attempt_that_dies(self, host: str) -> Launch:
        """As if the task's process was killed once its job ran: nobody collects the report."""
        self.patch.setenv("AF3_LAUNCHES", str(self.folder / host))
        launch = self.launch()
        options = [f"--starts={self.folder / 'starts'}", "--ends=well"]
        launch.start(
            [str(self.job), "-m", "beam_jobs", "job", *options, f"--report={launch.report_path}"],
            {},
        )
        self.state.set("launch", launch.identity())
        return launch

    @property
    def starts(self) -> list[str]:
        return (self.folder / "starts").read_text().splitlines()


def end_alone(launch: Launch) -> None:
    while launch.is_running():
        time.sleep(0.02)


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    return Hosts(tmp_path, monkeypatch)


def test_an_attempt_on_another_host_starts_the_job_anew(hosts: Hosts) -> None:
    with pytest.raises(JobLost):
        hosts.attempt("a", ends="lost")
    assert hosts.attempt("b")["exit_code"] == 0
    assert len(hosts.starts) == 2


def test_a_job_that_ended_well_while_nobody_looked_is_not_started_again(
    hosts: Hosts, capsys: pytest.CaptureFixture[str]
) -> None:
    launch = hosts.attempt_that_dies("a")
    end_alone(launch)
    assert hosts.attempt("a")["exit_code"] == 0
    assert len(hosts.starts) == 1
    command = f"{hosts.job} -m beam_jobs job --starts={hosts.folder / 'starts'} --ends=well"
    assert (
        f"an earlier attempt started: {command} --report={launch.report_path}"
        in capsys.readouterr().out
    )


def test_a_report_left_behind_on_a_host_is_not_that_of_a_later_job(hosts: Hosts) -> None:
    """Cut off, host A ended its job alone while B took over; cleared, the task comes back to A."""
    left = hosts.attempt_that_dies("a")
    hosts.attempt("b")
    end_alone(left)
    assert hosts.attempt("a")["exit_code"] == 0
    assert len(hosts.starts) == 3


def test_what_waits_is_tried_again_and_then_left_to_the_audit(hosts: Hosts) -> None:
    with pytest.raises(JobWaits, match=r"annotate: .*2 pieces wait"):
        hosts.attempt("a", ends="waiting")
    report = hosts.attempt("a", ends="waiting", is_last=True)
    assert (report["exit_code"], report["waiting"]) == (3, {"StorageError": 2})
    assert len(hosts.starts) == 2


def test_each_part_is_told_which_it_is_and_has_a_launch_and_a_page_of_its_own(hosts: Hosts) -> None:
    links = [hosts.attempt("a", part=part, parts=2)["link"] for part in (0, 1)]
    assert hosts.starts == ["0/2", "1/2"]
    assert [link.rpartition("/annotate")[2] for link in links] == ["?map_index=0", "?map_index=1"]
    assert hosts.attempt("a")["link"].endswith("/annotate")
    assert hosts.starts[2] == "whole"


@pytest.mark.parametrize("state", ["failed", "success", "restarting"])
def test_a_task_that_somebody_ended_ends_its_job(hosts: Hosts, state: str) -> None:
    task = hosts.task("a", ends="late")
    said = hosts.told_to_stop(task, {"annotate": state})
    assert said == "JobLost: annotate was ended with its task. What is done is kept"
    assert not hosts.launch().is_running()


@pytest.mark.parametrize(
    ("states", "why"),
    [(None, "Airflow does not answer"), ({"annotate": "running"}, "nobody ended the task")],
)
def test_an_attempt_that_lost_airflow_leaves_its_job_to_the_next_one(
    hosts: Hosts, states: Any, why: str
) -> None:
    said = hosts.told_to_stop(hosts.task("a", ends="late"), states)
    assert said == (
        f"JobLeft: this attempt is told to stop, and {why}: annotate goes on, and the next attempt"
        " with it; a job that nobody looks after ends after 27 min"
    )
    launch = hosts.launch()
    assert launch.is_running()
    # the next one goes on with it, and is ended by hand
    next_one = hosts.task("a", ends="well")
    next_one.on_kill()
    with pytest.raises(JobLost, match="was ended with its task"):
        hosts.run(next_one, Attempt(states={"annotate": "failed"}))
    assert not launch.is_running()
    assert len(hosts.starts) == 1


def test_a_job_waits_for_airflows_grace_and_for_the_next_attempt(hosts: Hosts) -> None:
    hosts.told_to_stop(hosts.task("a", ends="late"), None)
    launch = hosts.launch()
    (job,) = (p for p in psutil.process_iter() if str(launch.report_path) in _arguments(p))
    # 20 min of grace, 300 s until Airflow misses an attempt, 60 s of delay, 60 s of start
    assert "--patience-s=1620" in job.cmdline()
    launch.kill()


def _arguments(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def test_a_job_and_a_report_of_an_earlier_release_are_taken_over(hosts: Hosts) -> None:
    """As 0.2.0 left them: fewer options, no policy, and a report without the newer fields."""
    launch = hosts.attempt_that_dies("a")
    end_alone(launch)
    report = json.loads(launch.report_path.read_bytes())
    for newer in ("waiting", "schema_version", "schema_release"):
        report.pop(newer, None)
    launch.report_path.write_text(json.dumps(report))
    (launch.folder / "owner").write_text("the attempt of the release before")
    assert hosts.attempt("a")["exit_code"] == 0
    assert len(hosts.starts) == 1


def test_a_job_has_none_of_airflows_secrets(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in AIRFLOWS:
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("AF3_API_KEY", "of the model")
    hosts.told_to_stop(hosts.task("a", ends="late"), None)
    launch = hosts.launch()
    (job,) = (p for p in psutil.process_iter() if str(launch.report_path) in _arguments(p))
    environment = job.environ()
    launch.kill()
    assert [name for name in environment if name.lstrip("_").startswith("AIRFLOW")] == []
    assert (environment["AF3_API_KEY"], environment["PATH"]) == ("of the model", os.environ["PATH"])


AIRFLOWS = (
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW_CONN_SMTP_DEFAULT",
    "AIRFLOW_VAR_TOKEN",
    "_AIRFLOW_WWW_USER_PASSWORD",
    "__AIRFLOW_SUPERVISOR_FD",
)
