"""Progress of a running job, read from the ledger: right for any runner and any worker count."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from af3core.errors import StorageError
from af3core.messages import tell, telling

POLL_S = 0.5
PLAIN_LINE_EVERY_S = 60.0


LOOKING_SHARE = 0.02
"""Of the time, at most, goes into looking: in a bucket each look is many requests."""


@dataclass(frozen=True)
class Work:
    """So much audio is to be done; `done_ms` looks how much of it is.

    `counted` names what is counted instead, each for a second: work whose length nobody knows.
    """

    total_ms: int
    done_ms: Callable[[], int]
    counted: str = ""


class Watch:
    """How far the work is, as of the last look.

    What was done at the first look is not this run's: the rate, and the time that is left by it,
    are of what was done since.
    """

    def __init__(self, work: Work) -> None:
        self.total_ms = work.total_ms
        self._work = work
        self._done_ms = 0
        self._before_ms: int | None = None
        self._started = self._next_look = time.monotonic()

    def done_ms(self, is_last: bool = False) -> int:
        """Audio done; looked up anew where it is time for it."""
        begun = time.monotonic()
        if is_last or begun >= self._next_look:
            with contextlib.suppress(StorageError):  # the job itself says so, if it lasts
                self._done_ms = min(self._work.done_ms(), self.total_ms)
                self._before_ms = self._done_ms if self._before_ms is None else self._before_ms
            now = time.monotonic()
            self._next_look = now + (now - begun) / LOOKING_SHARE
        return self._done_ms

    def describe(self, done_ms: int) -> str:
        """Audio done, rate and time left: `12:30 of 20:10, 31x real time, 0:15 left`."""
        counted, left_s = self._work.counted, self.left_s(done_ms)
        if counted:
            text = f"{done_ms // 1000} of {self.total_ms // 1000} {counted}"
        else:
            text = f"{clock(done_ms)} of {clock(self.total_ms)}"
        if left_s is not None:
            rate = self._rate(done_ms)
            text += f", {rate:.1f} a second" if counted else f", {rate:.0f}x real time"
            text += f", {clock(round(left_s * 1000))} left"
        return text

    def left_s(self, done_ms: int) -> float | None:
        """Seconds until all is done, at the rate of this run; None before it did anything."""
        rate = self._rate(done_ms)
        return (self.total_ms - done_ms) / 1000 / rate if rate else None

    def _rate(self, done_ms: int) -> float:
        """Seconds of audio per second since this run began."""
        elapsed_s = time.monotonic() - self._started
        return (done_ms - (self._before_ms or 0)) / 1000 / elapsed_s if elapsed_s > 0 else 0.0


@contextmanager
def show_progress(title: str, work: Work, stream: TextIO | None = None) -> Iterator[None]:
    """Show progress while the body runs: a line that moves on a terminal, else a line a minute.
    Nothing is shown with `--quiet`.

    Args:
        stream: a terminal, if it is one; stderr as it is then.
    """
    watch, stream = Watch(work), stream or sys.stderr
    if not watch.total_ms or telling().is_quiet:
        yield
        return
    watch.done_ms()  # what was done before
    stop = threading.Event()
    is_bar = stream.isatty() and telling().log_format == "text"
    arguments = (title, watch, stop, stream) if is_bar else (title, watch, stop)
    show = _show_bar if is_bar else _show_lines
    thread = threading.Thread(target=show, args=arguments, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def clock(duration_ms: int) -> str:
    """A duration as h:mm:ss, without hours where there are none."""
    seconds = round(duration_ms / 1000)
    hours, rest = divmod(seconds, 3600)
    text = f"{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
    return f"{hours}:{text}" if hours else text


def _show_bar(title: str, watch: Watch, stop: threading.Event, stream: TextIO) -> None:
    columns = (
        TextColumn("{task.description:<9}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[state]}", markup=False),
    )
    with Progress(*columns, console=Console(file=stream)) as progress:
        task = progress.add_task(title, total=watch.total_ms, state="")
        finished = False
        while not finished:
            finished = stop.wait(POLL_S)
            done_ms = watch.done_ms(is_last=finished)
            progress.update(task, completed=done_ms, state=watch.describe(done_ms))


def _show_lines(title: str, watch: Watch, stop: threading.Event) -> None:
    while not stop.wait(PLAIN_LINE_EVERY_S):
        _show_line(title, watch, watch.done_ms())
    _show_line(title, watch, watch.done_ms(is_last=True))


def _show_line(title: str, watch: Watch, done_ms: int) -> None:
    left_s = watch.left_s(done_ms)
    tell(
        f"{title}: {watch.describe(done_ms)}",
        job=title,
        done_s=done_ms / 1000,
        total_s=watch.total_ms / 1000,
        left_s=None if left_s is None else round(left_s, 1),
    )
