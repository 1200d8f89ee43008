"""The terminal that questions are asked in: lines that are typed, Ctrl-C, a line that moves."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from af3core import messages

_LINE_BYTES = 4096
"""The longest line that a terminal gives."""
_LOOK_S = 0.1
ENDED = "\x04"
"""Stands for Ctrl-D, which no line holds."""


def is_terminal() -> bool:
    """Whether somebody can answer: standard input is a terminal."""
    return sys.stdin.isatty()


def forget_typed() -> None:
    """Drop what was typed before it was asked for."""
    termios.tcflush(0, termios.TCIFLUSH)


def typed_line(within_s: float = _LOOK_S) -> str | None:
    """A line without its end, or `ENDED`; None where none comes in time."""
    ready, _, _ = select.select([0], [], [], within_s)
    if not ready:
        return None
    line = os.read(0, _LINE_BYTES)
    return line.decode(errors="replace").rstrip("\r\n") if line else ENDED


@contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Ctrl-C sets the event; where it is still set, Ctrl-C does what it did before."""
    interrupted = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        if interrupted.is_set() and callable(before):
            before(number, frame)
        interrupted.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def tell(line: str) -> None:
    """A line of the command's own, on stderr."""
    messages.tell(line)


def show(text: str) -> None:
    """Text on stderr as it is."""
    sys.stderr.write(text)
    sys.stderr.flush()


def show_moving(line: str, otherwise: str = "") -> None:
    """A line in the place of the last one; where stderr is no terminal, `otherwise` is told."""
    if sys.stderr.isatty():
        show(f"\r{line}\x1b[K")
    elif otherwise:
        tell(otherwise)
