"""The operator's attempts on one host and on another: what each starts, and what it finds again."""

from __future__ import annotations

import json
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dags.corpus.arguments import part_option
from dags.launch.errors import JobLost, JobWaits
from dags.launch.job_operator import Af3JobOperator
from dags.launch.process import Launch, launches_folder
from schemas.reports import JobReport

REPORT = JobReport("annotate", "r", "c", "d", "d", "t", 1.0, 0).to_json()
JOB = f"""\
#!{sys.executable}
import json, os, sys
options = dict(a[2:].split("=", 1) for a in sys.argv[4:])
with open(options["starts"], "a") as starts:
    starts.write(options.get("part", "whole") + "\\n")
if options["ends"] == "lost":
    os.kill(os.getpid(), 9)
report = {REPORT!r}
if options["ends"] == "waiting":
    report |= {{"exit_code": 3, "message": "2 pieces wait", "waiting": {{"StorageError": 2}}}}
open(options["report"], "w").write(json.dumps(report))
sys.exit(report["exit_code"])
"""


class State(dict[str, Any]):
    """Airflow's store of a task's state, which outlives attempts."""

    def set(self, key: str, value: Any) -> None:
        self[key] = json.loads(json.dumps(value))


class Attempt:
    """What the operator reads of a task instance."""

    dag_id, run_id, task_id, id = "annotate__radio", "run 1", "annotate", "attempt"
    stats_tags: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, map_index: int = -1, is_last: bool = False) -> None:
        self.map_index = map_index
        self.try_number, self.max_tries = 4 if is_last else 1, 3


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
        self.patch.setenv("AF3_LAUNCHES", str(self.folder / host))
        task = Af3JobOperator(
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
        )
        ti = Attempt(part if parts > 1 else -1, is_last)
        context: Any = {"ti": ti, "task_state_store": self.state, "task": task}
        task.render_template_fields(context)
        return task.execute(context)

    def attempt_that_dies(self, host: str) -> Launch:
        """As if the task's process was killed once its job ran: nobody collects the report."""
        self.patch.setenv("AF3_LAUNCHES", str(self.folder / host))
        launch = Launch(launches_folder() / "annotate__radio" / "run-1" / "annotate")
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


def test_a_job_that_ended_well_while_nobody_looked_is_not_started_again(hosts: Hosts) -> None:
    end_alone(hosts.attempt_that_dies("a"))
    assert hosts.attempt("a")["exit_code"] == 0
    assert len(hosts.starts) == 1


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
