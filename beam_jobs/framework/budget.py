"""What threads share, such as memory: who asks waits for room, in the order of asking."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

_CHECK_EVERY_S = 1.0


def _wait_on() -> None:
    """Nothing ends the waiting."""


class Budget:
    """So much of something (bytes, tokens), held by whoever has asked for it.

    Who asks for more than all of it gets it alone. No large one is overtaken.

    Args:
        total: how much there is.

    Attributes:
        peak: the most that was held at once.
    """

    def __init__(self, total: float) -> None:
        self._total = total
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._held = 0
        self.peak = 0

    def take(self, amount: int, check: Callable[[], None] = _wait_on) -> None:
        """Hold so much; waits for it.

        Args:
            amount: that is wanted.
            check: called while it is waited for, each second at least; what it raises ends that.
        """
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                check()
                while not (self._queue[0] is ticket and self._has_room(amount)):
                    self._changed.wait(_CHECK_EVERY_S)
                    check()
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()
            self._change(amount)

    def change(self, by: int) -> None:
        """Hold so much more than was taken, or less: at once, though it be more than there is."""
        with self._changed:
            self._change(by)
            self._changed.notify_all()

    def set_total(self, total: float) -> None:
        """How much there is from now on; what is held stays so."""
        with self._changed:
            self._total = total
            self._changed.notify_all()

    def _change(self, by: int) -> None:
        self._held += by
        self.peak = max(self.peak, self._held)

    def _has_room(self, amount: int) -> bool:
        return not self._held or self._held + amount <= self._total
