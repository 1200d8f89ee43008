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

POLL_S = 0.5
PLAIN_LINE_EVERY_S = 15.0


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
    """How far the work is, as of the last look."""

    def __init__(self, work: Work) -> None:
        self.total_ms = work.total_ms
        self._work = work
        self._done_ms = 0
        self._started = self._next_look = time.monotonic()

    def done_ms(self, is_last: bool = False) -> int:
        """Audio done; looked up anew where it is time for it."""
        begun = time.monotonic()
        if is_last or begun >= self._next_look:
            with contextlib.suppress(StorageError):  # the job itself says so, if it lasts
                self._done_ms = self._work.done_ms()
            now = time.monotonic()
            self._next_look = now + (now - begun) / LOOKING_SHARE
        return self._done_ms

    def describe(self, done_ms: int) -> str:
        """Audio done, rate and time left: `12:30 of 20:10, 31x real time, 0:15 left`."""
        elapsed_s, counted = time.monotonic() - self._started, self._work.counted
        if counted:
            text = f"{done_ms // 1000} of {self.total_ms // 1000} {counted}"
        else:
            text = f"{clock(done_ms)} of {clock(self.total_ms)}"
        if done_ms and elapsed_s > 0:
            rate = done_ms / 1000 / elapsed_s
            left_ms = (self.total_ms - done_ms) / rate
            text += f", {rate:.1f} a second" if counted else f", {rate:.0f}x real time"
            text += f", {clock(round(left_ms))} left"
        return text


@contextmanager
def show_progress(title: str, work: Work, stream: TextIO | None = None) -> Iterator[None]:
    """Show progress while the body runs: a bar on a terminal, else a line every 15 s.

    Args:
        stream: where to; stderr as it is then.
    """
    watch, stream = Watch(work), stream or sys.stderr
    if not watch.total_ms:
        yield
        return
    stop = threading.Event()
    show = _show_bar if stream.isatty() else _show_lines
    thread = threading.Thread(target=show, args=(title, watch, stop, stream), daemon=True)
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
    columns = (TextColumn("{task.description:<9}"), BarColumn(), TextColumn("{task.fields[state]}"))
    with Progress(*columns, console=Console(file=stream)) as progress:
        task = progress.add_task(title, total=watch.total_ms, state="")
        finished = False
        while not finished:
            finished = stop.wait(POLL_S)
            done_ms = watch.done_ms(is_last=finished)
            progress.update(task, completed=done_ms, state=watch.describe(done_ms))


def _show_lines(title: str, watch: Watch, stop: threading.Event, stream: TextIO) -> None:
    while not stop.wait(PLAIN_LINE_EVERY_S):
        print(f"{title}: {watch.describe(watch.done_ms())}", file=stream, flush=True)
    print(f"{title}: {watch.describe(watch.done_ms(is_last=True))}", file=stream, flush=True)
