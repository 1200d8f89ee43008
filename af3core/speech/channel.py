"""From the threads that write and speak to the one that listens."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")

_LOOK_S = 0.05
"""How often who waits looks whether it was stopped."""


class Channel(Generic[Item]):
    """What is said, in order, until all is taken or somebody stops it.

    Args:
        most: how many items that were `put` may wait to be taken.
        stop: ends it early, by whomever it is set.
    """

    def __init__(self, most: int, stop: threading.Event | None = None) -> None:
        self._most = most
        self._stop = stop or threading.Event()
        self._items: deque[tuple[Item, bool]] = deque()
        self._held = 0
        self._changed = threading.Condition()
        self._closed = False
        self._finished = False
        self._fault: BaseException | None = None
        self._on_close: Callable[[], None] | None = None

    @property
    def stopped(self) -> bool:
        """Whether nobody listens any more."""
        return self._closed or self._stop.is_set()

    def put(self, item: Item) -> bool:
        """Waits for room; false once nobody listens any more."""
        with self._changed:
            while self._held >= self._most and not self.stopped:
                self._changed.wait(_LOOK_S)
            if self.stopped:
                return False
            self._add(item, held=True)
            return True

    def put_now(self, item: Item) -> None:
        """At once, without waiting for room: for what is small."""
        with self._changed:
            self._add(item, held=False)

    def finish(self, fault: BaseException | None = None) -> None:
        """Nothing more comes; `fault` is raised where items are taken, after those before it."""
        with self._changed:
            self._finished, self._fault = True, fault
            self._changed.notify_all()

    def on_close(self, give_up: Callable[[], None]) -> None:
        """Have `give_up` called when it is closed, to wake who waits for something else."""
        self._on_close = give_up

    def close(self) -> None:
        """Nobody listens any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._on_close is not None:
            self._on_close()

    def items(self) -> Iterator[Item]:
        """Items as they come; ends when all are taken, or at once when stopped."""
        while True:
            with self._changed:
                while not (self._items or self._finished or self.stopped):
                    self._changed.wait(_LOOK_S)
                if self.stopped:
                    return
                if not self._items:
                    if self._fault is not None:
                        raise self._fault
                    return
                item, held = self._items.popleft()
                self._held -= held
                self._changed.notify_all()
            yield item

    def _add(self, item: Item, *, held: bool) -> None:
        self._items.append((item, held))
        self._held += held
        self._changed.notify_all()
