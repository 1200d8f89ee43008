"""Launches: real processes that are started, found again, watched and killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from dags.launch.process import AlreadyRunning, Launch
from schemas.reports import JobReport

DEADLINE_S = 30.0
WAITS = "import time; print('begun', flush=True); time.sleep(600)"
WITH_CHILD = f"""\
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {WAITS!r}], start_new_session=True)
{WAITS}
"""
REPORT = JobReport("plan", "r", "c", "d", "d", "t", 1.0, 0, facts={"recordings": 3})


def until(condition: Callable[[], bool]) -> None:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < DEADLINE_S, "it did not come to pass"
        time.sleep(0.02)


def start(launch: Launch, code: str) -> None:
    launch.start([sys.executable, "-c", code], os.environ)


def marked(launch: Launch) -> list[int]:
    pids = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("AF3_LAUNCH") == str(launch.folder):
                pids.append(process.pid)
        except psutil.Error:
            continue
    return pids


def test_a_process_runs_reports_and_ends(tmp_path: Path) -> None:
    launch = Launch(tmp_path / "job")
    text = json.dumps(REPORT.to_json())
    code = f"import os; print('one'); open({str(launch.report_path)!r}, 'w').write({text!r})"
    start(launch, code)
    until(lambda: not launch.is_running())
    assert launch.report() == REPORT
    assert list(launch.new_log_lines()) == ["one"]
    assert list(launch.new_log_lines()) == []


def test_another_process_finds_it_running_and_reads_on(tmp_path: Path) -> None:
    launch = Launch(tmp_path / "job")
    code = (
        "import os; from pathlib import Path; from dags.launch.process import Launch; "
        f"Launch(Path({str(launch.folder)!r})).start([{sys.executable!r}, '-c', {WAITS!r}],"
        " os.environ)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert launch.is_running()
    until(lambda: list(launch.new_log_lines()) == ["begun"])
    with pytest.raises(AlreadyRunning):
        start(launch, WAITS)
    launch.kill()
    assert not launch.is_running()


def test_a_kill_ends_children_that_left_the_group(tmp_path: Path) -> None:
    launch = Launch(tmp_path / "job")
    start(launch, WITH_CHILD)
    until(lambda: len(marked(launch)) == 2)
    launch.kill()
    until(lambda: marked(launch) == [] and not launch.is_running())


def test_a_new_start_clears_what_a_killed_process_left_behind(tmp_path: Path) -> None:
    launch = Launch(tmp_path / "job")
    start(launch, WITH_CHILD)
    until(lambda: len(marked(launch)) == 2)
    os.kill(min(marked(launch)), signal.SIGKILL)
    until(lambda: not launch.is_running())
    (orphan,) = (pid for pid in marked(launch) if psutil.Process(pid).status() != "zombie")
    start(launch, "print('again')")
    assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == "zombie"
    until(lambda: not launch.is_running())
    assert list(launch.new_log_lines()) == ["again"]


def test_a_lot_of_output_on_both_streams_blocks_nothing(tmp_path: Path) -> None:
    launch = Launch(tmp_path / "job")
    code = "import sys\nfor s in (sys.stderr, sys.stdout): s.write(('x' * 99 + '\\n') * 20_000)"
    start(launch, code)
    until(lambda: not launch.is_running())
    assert len(list(launch.new_log_lines())) == 40_000


def test_only_the_attempt_that_owns_a_launch_may_kill_it(tmp_path: Path) -> None:
    launch = Launch(tmp_path)
    assert not launch.is_owned_by("first")
    launch.own("first")
    launch.own("second")
    assert (launch.is_owned_by("first"), launch.is_owned_by("second")) == (False, True)


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    launch = Launch(tmp_path / "job")
    start(launch, "import time; print('whole\\nha', end='', flush=True); time.sleep(600)")
    until(lambda: (launch.folder / "log").read_bytes() == b"whole\nha")
    assert list(launch.new_log_lines()) == ["whole"]
    launch.kill()
    assert list(launch.new_log_lines()) == ["ha"]
