"""A job as a process that outlives the task which started it, and is found again by the next.

It is found on its own machine only: folders are per machine, so that an attempt which lands on
another one starts the job anew and never takes a report for its own that lay there before.

FOLDER/lock         locked by the process for as long as it lives
FOLDER/id           which process it is: another after each start
FOLDER/command      what was started, for the log of who goes on with it
FOLDER/log          the one stream of its output: a file, so that nothing blocks when nobody reads
FOLDER/read         how much of the log was passed on
FOLDER/watched      touched by whoever looks after the process, which ends when nobody does
FOLDER/owner        the task attempt that looks after it: only that one may kill it
FOLDER/report.json  how it ended, written by the process itself
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from schemas.record_format import RecordError
from schemas.reports import JobReport

MARK = "AF3_LAUNCH"
"""Environment variable by which all processes of a launch are known, whatever started them."""

_GRACE_S = 2.0


class AlreadyRunning(Exception):
    """The folder's process is alive."""


@dataclass(frozen=True)
class Launch:
    """A folder that stands for one job of one run on this machine."""

    folder: Path

    @property
    def report_path(self) -> Path:
        return self.folder / "report.json"

    @property
    def watched_path(self) -> Path:
        return self.folder / "watched"

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start the command in a session of its own; what an earlier one left is cleared.

        Raises:
            AlreadyRunning: the earlier process is alive.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AlreadyRunning(str(self.folder)) from error
            self.kill()  # workers that outlived their main process
            self.report_path.unlink(missing_ok=True)
            (self.folder / "read").unlink(missing_ok=True)
            (self.folder / "command").write_text(shlex.join(command))
            (self.folder / "id").write_text(secrets.token_hex(8))
            self.watch()
            with (self.folder / "log").open("wb") as log:
                subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=(lock.fileno(),),
                    env={**environment, MARK: str(self.folder)},
                )

    def identity(self) -> dict[str, str]:
        """Names the process that was started last, among all machines; empty before the first."""
        try:
            started = (self.folder / "id").read_text()
        except FileNotFoundError:
            return {}
        return {"host": socket.gethostname(), "id": started}

    def command(self) -> str:
        """What was started last; empty where an earlier release did."""
        try:
            return (self.folder / "command").read_text()
        except FileNotFoundError:
            return ""

    def is_running(self) -> bool:
        """True while the process lives; the system drops its lock with its last breath."""
        try:
            with (self.folder / "lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def report(self) -> JobReport | None:
        """How the process ended; None while it runs, and where it could not say."""
        try:
            return JobReport.from_bytes(self.report_path.read_bytes())
        except FileNotFoundError:
            return None
        except RecordError as error:
            if error.needed_release:
                raise
            return None

    def watch(self) -> None:
        """Tell the process that it is looked after."""
        self.watched_path.touch()

    def own(self, owner: str) -> None:
        """Take the process over: an earlier attempt that is told to stop no longer kills it."""
        (self.folder / "owner").write_text(owner)

    def is_owned_by(self, owner: str) -> bool:
        try:
            return (self.folder / "owner").read_text() == owner
        except FileNotFoundError:
            return False

    def new_log_lines(self) -> Iterator[str]:
        """Whole lines that were not passed on yet, also across attempts."""
        read = self.folder / "read"
        try:
            position = int(read.read_text())
        except (FileNotFoundError, ValueError):
            position = 0
        with (self.folder / "log").open("rb") as log:
            log.seek(position)
            data = log.read()
        end = len(data) if not self.is_running() else data.rfind(b"\n") + 1
        yield from data[:end].decode(errors="replace").splitlines()
        read.write_text(str(position + end))

    def kill(self) -> None:
        """End every process of the launch, whatever group it is in: politely, then for good."""
        for process in _marked(str(self.folder)):
            _signal(process, psutil.Process.terminate)
        deadline = time.monotonic() + _GRACE_S
        while _marked(str(self.folder)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for process in _marked(str(self.folder)):
            _signal(process, psutil.Process.kill)

    def clear(self) -> None:
        """Remove the folder of a process that has ended."""
        shutil.rmtree(self.folder, ignore_errors=True)


def job_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Airflow's environment without all that is Airflow's own: its secrets are no job's. Pure.

    Those are the variables of its settings (`AIRFLOW__…`: database, keys of its API, Fernet key),
    connections and variables (`AIRFLOW_CONN_…`, `AIRFLOW_VAR_…`), and of its processes
    (`_AIRFLOW_…`, `__AIRFLOW_…`). A job reads none of them.
    """
    return {
        name: value
        for name, value in environment.items()
        if not name.lstrip("_").startswith("AIRFLOW")
    }


def launches_folder() -> Path:
    """Where this machine's launches lie: in `AF3_LAUNCHES`, else below Airflow's home.

    The folder may be shared: a machine has a part of its own, as locks and kills end at its border.
    """
    home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
    return Path(os.environ.get("AF3_LAUNCHES") or home / "launches") / socket.gethostname()


def _marked(folder: str) -> list[psutil.Process]:
    """Living processes whose environment names the folder."""
    found = []
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(MARK) == folder
            if marked and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue
    return found


def _signal(process: psutil.Process, send: object) -> None:
    try:
        send(process)  # type: ignore[operator]
    except psutil.NoSuchProcess:
        return
