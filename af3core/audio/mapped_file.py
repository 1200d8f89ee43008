"""A file as memory that is read from its start to its end, and counts as none of the process's."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WINDOW_BYTES = 1 << 20


class MappedFile:
    """Bytes of a file, by `data`; `release` gives back what was read."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self._released = 0

    def release(self, position: int) -> None:
        """Take pages before a place out of the process's memory, once they are many."""
        if position - self._released >= WINDOW_BYTES:
            end = position // mmap.PAGESIZE * mmap.PAGESIZE
            self.data.madvise(mmap.MADV_DONTNEED, self._released, end - self._released)
            self._released = end

    def places(self, wanted: bytes, start: int, end: int) -> Iterator[int]:
        """Where these bytes stand, in order."""
        for window in range(start, end, WINDOW_BYTES):
            stop = min(end, window + WINDOW_BYTES + len(wanted) - 1)
            place = self.data.find(wanted, window, stop)
            while place >= 0:
                yield place
                place = self.data.find(wanted, place + 1, stop)
            self.release(window)


@contextmanager
def mapped(path: Path) -> Iterator[MappedFile]:
    """A file that is not empty, as memory."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield MappedFile(data)
