"""How commands end: one line on stderr and an exit code, or by the scheduler that no longer looks
after them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from af3core.errors import Af3Error, ConfigurationError

_SHOW_CURSOR = "\x1b[?25h"
"""A progress bar hides the terminal's cursor."""
PATIENCE_S = 900.0
"""Longer than a scheduler needs to miss a dead worker (Airflow: 300 s) and to try again."""
_LOOK_EVERY_S = 5.0


def exit_code_of(run: Callable[[], int]) -> int:
    """Turn errors into one line on stderr and an exit code; a bug keeps its traceback."""
    try:
        with _ended_by_interrupts():
            return run()
    except ConfigurationError as error:
        print(f"af3: {error}", file=sys.stderr)
        return 2
    except Af3Error as error:
        print(f"af3: {error}", file=sys.stderr)
        return 1


def say(lines: Iterable[str]) -> None:
    """Print lines; a reader that has enough, such as `head`, ends nothing but the printing."""
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:
        # or the interpreter complains when it flushes at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _ended_by_interrupts() -> Iterator[None]:
    """Ctrl-C ends the process at once, as `kill -9` would: every write is atomic.

    Raised as an exception instead, it can be swallowed in a callback from C or taken by a runner
    for the failure of one element.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _end(_signal: int, _frame: FrameType | None) -> None:
    line = "af3: interrupted; what is done is kept, the same command goes on from here\n"
    shown = f"{_SHOW_CURSOR}\n{line}" if os.isatty(2) else line
    os.write(2, shown.encode())
    os._exit(130)


def end_when_unwatched(
    path: Path, patience_s: float = PATIENCE_S, look_every_s: float = _LOOK_EVERY_S
) -> None:
    """Kill this process's whole group once `path` was not touched for so long, or is gone.

    What is done is kept: every write is atomic, and the next run goes on from there. The file's
    time is compared with nothing but itself: that it changes is what counts.
    """

    def look() -> None:
        seen, since = _touched_at(path, 0), time.monotonic()
        while seen is not None and time.monotonic() - since <= patience_s:
            time.sleep(look_every_s)
            now = _touched_at(path, seen)
            if now != seen:
                seen, since = now, time.monotonic()
        os.write(2, b"af3: nobody watches this job any more; it ends, what is done is kept\n")
        os.killpg(os.getpgid(0), signal.SIGKILL)

    threading.Thread(target=look, name="watched", daemon=True).start()


def _touched_at(path: Path, before_ns: int) -> int | None:
    """The file's time, by whatever clock; None where it is gone, `before_ns` where nobody knows."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    except OSError:
        return before_ns
