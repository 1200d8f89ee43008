"""A command that did its work ends with exit code 0, whatever threads its libraries keep."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from beam_jobs.framework.process import exit_code_of
from tests.beam_jobs.small_night import TOLERANT, make_archive, night


def test_a_reader_that_has_enough_is_no_error() -> None:
    command = f"{sys.executable} -m beam_jobs skills list | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("made by rules:")


def test_a_machine_without_threads_is_told_in_one_line() -> None:
    """A stack of more than the process may have: the system refuses the thread."""
    script = (
        "import resource, threading\n"
        "from beam_jobs.framework.process import exit_code_of\n"
        "threading.stack_size(1 << 30)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))\n"
        "raise SystemExit(exit_code_of(threading.Thread(target=print).start))\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "af3: this machine has no memory or no thread left for the command: end what else runs, or"
        " raise its limits (ulimit -u, the container's memory and pids); what is done is kept"
        " (can't start new thread)\n"
    )


def test_an_error_without_words_is_told_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    """An allocation that fails within Python says nothing."""
    assert exit_code_of(lambda: len(bytearray(1 << 62))) == 1
    said = capsys.readouterr().err
    assert said.startswith("af3: this machine has no memory or no thread left for the command: ")
    assert said.endswith("; what is done is kept (MemoryError)\n")


@pytest.mark.parametrize("times", [3, pytest.param(8, marks=pytest.mark.long)])
def test_a_finished_night_ends_cleanly(untrained: Path, tmp_path: Path, times: int) -> None:
    """A thread of pyarrow, still freeing what it had read ahead, aborted two exits in three."""
    archive, out = make_archive(tmp_path / "archive"), tmp_path / "out"
    night(archive, out, untrained)
    command = [sys.executable, "-m", "beam_jobs", "annotate", str(archive), "--out", str(out)]
    command += ["--model", str(untrained), "--tasks", str(tmp_path / "quick_tasks.yaml"), *TOLERANT]
    for _ in range(times):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert ", 0 answers made by this run" in done.stdout
