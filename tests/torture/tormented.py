"""A night whose jobs are killed, stopped, starved and led astray at random, by a seed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from tests.faketime import remove_left_behind, set_clock

JOBS = ("plan", "segment", "annotate", "publish")
_LONGEST_JOB_S = 150.0
_PLANNED_SHARE = 0.8
_EXPECTED_S = 3.0
"""Of a job that nobody has measured."""


@dataclass
class Torment:
    """What is done to the jobs of one night.

    Attributes:
        archive, out: the source, and an empty place of the results.
        options: of `plan`, beside source and results.
        environment: of the jobs, beside this process's.
        work: a folder for what the jobs say, their temporary files and their clock.
        random: decides what happens when.
        lasts_s: what each job takes where nothing disturbs it.
        done: what happened, for a failure's message.
    """

    archive: str
    out: str
    options: tuple[str, ...]
    environment: Mapping[str, str]
    work: Path
    random: random.Random
    lasts_s: dict[str, float] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.temporary.mkdir(parents=True)
        set_clock(self.clock, 0)

    @property
    def log(self) -> Path:
        """What the jobs said."""
        return self.work / "log"

    @property
    def temporary(self) -> Path:
        """The folder of the jobs' temporary files."""
        return self.work / "tmp"

    @property
    def clock(self) -> Path:
        """The offset of the jobs' clock."""
        return self.work / "clock"

    def run(self, troubles: Sequence[Trouble], at_once: Container[Trouble], cycles: int) -> None:
        """Run the jobs of a night, `cycles` times, each in a trouble of its own.

        Args:
            troubles: to draw from; those of `at_once` begin with the job, others at some point.
        """
        for number, job in enumerate(JOBS * cycles):
            if number == 1 and self.random.random() < _PLANNED_SHARE:
                self.run_job("plan")  # or there is nothing to be in trouble with
            trouble = self.random.choice(troubles)
            begun = time.monotonic()
            with self.started(job) as process:
                if trouble not in at_once:
                    self.wait_a_moment(job, process)
                was_running = process.poll() is None
                if was_running:
                    trouble(self, job, process)
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(_LONGEST_JOB_S)
            name = trouble.__name__ if was_running else "ended before"
            seconds = time.monotonic() - begun
            ended = f"{job}: {name}, exit code {process.returncode}, {seconds:.1f} s"
            self.done.append(f"{ended}{self._said_last() if process.returncode > 0 else ''}")

    def finish(self, attempts: int = 4) -> list[int]:
        """Run the night undisturbed until all is well; gives the exit codes of the last attempt."""
        set_clock(self.clock, 0)
        codes = [-1]
        while any(codes) and attempts:
            attempts -= 1
            codes = [self.run_job(job) for job in JOBS]
            self.done.append(f"undisturbed, exit codes {codes}")
        return codes

    def run_job(self, job: str, *options: str) -> int:
        """Run a job to its end; gives its exit code."""
        begun = time.monotonic()
        with self.started(job, *options) as process:
            code = process.wait(_LONGEST_JOB_S)
        self.lasts_s.setdefault(job, time.monotonic() - begun)
        return code

    @contextlib.contextmanager
    def started(self, job: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        """A job; nothing of it outlives the body, not even an orphan."""
        command = [sys.executable, "-m", "beam_jobs", job, "--out", self.out, *options]
        if job == "plan":
            command += [self.archive, *self.options]
        environment = {**os.environ, **self.environment, "TMPDIR": str(self.temporary)}
        process = subprocess.Popen(
            command,
            start_new_session=True,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        # by a pipe: the limit of a file's size is not the log's
        written = threading.Thread(target=self._write_log, args=(process.stdout,), daemon=True)
        written.start()
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            written.join()
            remove_left_behind()

    def _said_last(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return f" ({lines[-1]})" if lines else ""

    def _write_log(self, said: IO[bytes]) -> None:
        with said, self.log.open("ab") as log:
            for line in said:
                log.write(line)

    def wait_a_moment(self, job: str, process: subprocess.Popen[bytes]) -> None:
        """Until some point of a job."""
        moment_s = self.random.uniform(0.3, 1.0) * self.lasts_s.get(job, _EXPECTED_S)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment_s)

    def pause(self, process: subprocess.Popen[bytes], least_s: float, most_s: float) -> None:
        """Let a trouble last, as long as the job does."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self.random.uniform(least_s, most_s))


Trouble = Callable[[Torment, str, "subprocess.Popen[bytes]"], None]
"""What is done to a job that runs."""


def processes_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """A job's process with its children, FFmpeg among them."""
    with contextlib.suppress(psutil.NoSuchProcess):
        main = psutil.Process(process.pid)
        return [main, *main.children(recursive=True)]
    return []
