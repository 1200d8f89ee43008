"""A job that nobody watches any more ends with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

DEADLINE_S = 120
WATCHED = """
import subprocess, sys, time
from pathlib import Path
from beam_jobs.framework.process import end_when_unwatched

child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
end_when_unwatched(Path(sys.argv[1]), patience_s=float(sys.argv[2]), look_every_s=0.05)
time.sleep(600)
"""
LAST_WORDS = "af3: nobody watches this job any more; it ends, what is done is kept\n"


def start(path: Path, patience_s: float = 0.3) -> tuple[subprocess.Popen[str], int]:
    """A watched process in a group of its own, and its child's id."""
    process = subprocess.Popen(
        [sys.executable, "-c", WATCHED, str(path), str(patience_s)],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and last words, once nobody holds the process's streams: its child has ended too.

    A child that stays keeps them open, and the deadline passes.
    """
    _, error = process.communicate(timeout=DEADLINE_S)
    return process.returncode, error


def test_a_job_ends_with_its_child_when_nobody_touches_the_file(tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.touch()
    process, _ = start(watched)
    assert ended(process) == (-signal.SIGKILL, LAST_WORDS)


def test_a_job_ends_with_its_child_when_the_file_is_not_there(tmp_path: Path) -> None:
    process, _ = start(tmp_path / "gone")
    assert ended(process) == (-signal.SIGKILL, LAST_WORDS)


def test_a_job_has_a_quarter_of_an_hour_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.touch()
    job = [sys.executable, "-m", "beam_jobs", "clean", f"--watched-by={watched}"]
    whole = subprocess.run(job, capture_output=True, text=True)
    assert (whole.returncode, whole.stderr.count("\n")) == (2, 1)
    assert "--out is missing" in whole.stderr
    wrong = subprocess.run([*job, "--patience-s=0"], capture_output=True, text=True)
    assert (wrong.returncode, wrong.stderr) == (
        2,
        "af3: --patience-s 0: must be more than 0\n",
    )


@pytest.mark.parametrize("clock_s", [0.0, 4e9], ids=["in the past", "in the future"])
def test_a_job_goes_on_while_the_file_is_touched_by_whatever_clock(
    tmp_path: Path, clock_s: float
) -> None:
    """A machine's clock that jumps ends no job, nor keeps one that nobody watches."""
    watched = tmp_path / "watched"
    watched.touch()
    os.utime(watched, (clock_s, clock_s))
    process, child = start(watched, patience_s=3.0)
    for _ in range(20):  # three times its patience
        time.sleep(0.5)
        clock_s += 0.5
        os.utime(watched, (clock_s, clock_s))
    assert process.poll() is None
    os.kill(child, 0)
    assert ended(process) == (-signal.SIGKILL, LAST_WORDS)
