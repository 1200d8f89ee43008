"""A job that was started by a scheduler ends when the scheduler no longer looks after it."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

PATIENCE_S = 900.0
"""Longer than a scheduler needs to miss a dead worker (Airflow: 300 s) and to try again."""

_LOOK_EVERY_S = 5.0


def end_when_unwatched(
    path: Path, patience_s: float = PATIENCE_S, look_every_s: float = _LOOK_EVERY_S
) -> None:
    """Kill this process's whole group once `path` was not touched for so long, or is gone.

    What is done is kept: every write is atomic, and the next run goes on from there.
    """

    def look() -> None:
        while _age_s(path) <= patience_s:
            time.sleep(look_every_s)
        os.write(2, b"af3: nobody watches this job any more; it ends, what is done is kept\n")
        os.killpg(os.getpgid(0), signal.SIGKILL)

    threading.Thread(target=look, name="watched", daemon=True).start()


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
