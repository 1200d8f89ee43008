"""How commands end: one line on stderr and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from af3core.errors import Af3Error, ConfigurationError

_SHOW_CURSOR = "\x1b[?25h"
"""A progress bar hides the terminal's cursor."""


def guarded(run: Callable[[], int]) -> int:
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
