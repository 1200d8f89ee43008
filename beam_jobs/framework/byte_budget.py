"""Memory that threads share: who asks waits until there is room, in the order of asking."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class ByteBudget:
    """So many bytes, held by whoever has asked for them.

    Who asks for more than all of it gets it alone.

    Args:
        total: bytes.

    Attributes:
        peak: most bytes that were held at once.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._held = 0
        self.peak = 0

    @contextmanager
    def held(self, count: int) -> Iterator[None]:
        """Hold so many bytes while the body runs; waits for them. No large one is overtaken."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            self._changed.wait_for(lambda: self._queue[0] is ticket and self._has_room(count))
            self._queue.popleft()
            self._held += count
            self.peak = max(self.peak, self._held)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._held -= count
                self._changed.notify_all()

    def _has_room(self, count: int) -> bool:
        return not self._held or self._held + count <= self._total
