"""A machine that has no thread left to give."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def no_thread_left(given: int = 0) -> Iterator[None]:
    """Threads are refused as Python does it, but for the first `given`."""
    start, left = threading.Thread.start, [None] * given

    def start_or_refuse(thread: threading.Thread) -> None:
        if not left:
            raise RuntimeError("can't start new thread")
        left.pop()
        start(thread)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", start_or_refuse)
        yield
