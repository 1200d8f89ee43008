"""How commands end: one line on stderr and an exit code, or by the scheduler that no longer looks
after them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TextIO

from af3core.errors import Af3Error, ConfigurationError, is_shortage
from af3core.messages import Level, message_line, tell, telling
from af3core.plain_text import printable

_SHOW_CURSOR = "\x1b[?25h"
"""A progress bar hides the terminal's cursor."""
_LOOK_EVERY_S = 5.0
_SHORTAGE = (
    "this machine has no memory or no thread left for the command: end what else runs, or raise"
    " its limits (ulimit -u, the container's memory and pids); what is done is kept"
)


def exit_code_of(run: Callable[[], int]) -> int:
    """Turn errors into one line on stderr and an exit code; a bug keeps its traceback."""
    try:
        with _ended_by_interrupts():
            return run()
    except ConfigurationError as error:
        tell(str(error), Level.ERROR, error_class=type(error).__name__)
        return 2
    except Af3Error as error:
        tell(str(error), Level.ERROR, error_class=type(error).__name__)
        return 1
    except Exception as error:
        if is_shortage(error):
            name = type(error).__name__
            tell(f"{_SHORTAGE} ({str(error) or name})", Level.ERROR, error_class=name)
            return 1
        if telling().log_format == "text":
            raise
        trace = traceback.format_exc()
        tell(str(error), Level.ERROR, error_class=type(error).__name__, traceback=trace)
        return 1


def say(lines: Iterable[str]) -> None:
    """Print lines; a reader that has enough, such as `head`, ends nothing but the printing."""
    shown = "\n".join(lines)
    print_whole(_harmless(shown) if sys.stdout.isatty() else shown, sys.stdout)


def print_whole(text: str, stream: TextIO) -> None:
    """Print a text to stdout as it is; a reader that has enough ends nothing but the printing."""
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # or the interpreter complains when it flushes at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _harmless(text: str) -> str:
    """Lines whose characters move no terminal."""
    return "\n".join(map(printable, text.split("\n")))


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
    said = "interrupted; what is done is kept, the same command goes on from here"
    line = message_line(said, Level.ERROR) + "\n"
    shown = f"{_SHOW_CURSOR}\n{line}" if os.isatty(2) else line
    os.write(2, shown.encode())
    os._exit(130)


def end_when_unwatched(path: Path, patience_s: float, look_every_s: float = _LOOK_EVERY_S) -> None:
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
        said = "nobody watches this job any more; it ends, what is done is kept"
        os.write(2, f"{message_line(said, Level.ERROR)}\n".encode())
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
