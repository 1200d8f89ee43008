"""Streams of an engine on this machine: those that wait start together, later ones join them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count, takewhile

from af3core.errors import ModelError
from af3core.model.isolation import as_model_error
from af3core.model.request import Answer, Request, Weights
from af3core.model.streaming.stream import Cancelled, Listener, Stream, StreamState


@dataclass(frozen=True, eq=False)
class PendingRequest:
    """A request, and who hears its answer while it is written: nobody, unless it is streamed."""

    request: Request
    listener: Listener | None = None

    @property
    def cancelled(self) -> bool:
        return self.listener is not None and self.listener.cancelled


Join = Callable[[Weights], Sequence[tuple[int, PendingRequest]]]
"""Gives a running batch those that may join it, with their positions in it."""

RunBatch = Callable[[Sequence[PendingRequest], Join], Iterator[tuple[int, Answer | ModelError]]]
"""Gives each position's result as soon as it is there, those of who joined included."""


class FairLock:
    """A lock that is given in the order of asking, and whose waiting may be given up."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._queue: list[object] = []

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for the turn."""
        return bool(self._queue)

    def acquire(self, needed: Callable[[], bool]) -> bool:
        """Wait for the turn; false where it is not needed any more."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            self._changed.wait_for(
                lambda: (not self._taken and self._queue[0] is ticket) or not needed()
            )
            got = not self._taken and self._queue[0] is ticket
            self._queue.remove(ticket)
            self._taken = self._taken or got
            self._changed.notify_all()
            return got

    def wake_waiting(self) -> None:
        """Have those that wait ask again whether they need the turn."""
        with self._changed:
            self._changed.notify_all()

    def release(self) -> None:
        """Leave the turn to who waits for it."""
        with self._changed:
            self._taken = False
            self._changed.notify_all()

    def __enter__(self) -> None:
        self.acquire(lambda: True)

    def __exit__(self, *exception: object) -> None:
        self.release()


class StreamBatches:
    """Writes streams on a thread that lives as long as there are any.

    One that comes while others are written joins them at the next step, unless somebody waits for
    the turn of the model: then it starts behind that one.

    Args:
        turn: held while a batch runs.
        run: runs a batch.
        release_memory: called after an error, before what has no result runs again in halves.
    """

    def __init__(self, turn: FairLock, run: RunBatch, release_memory: Callable[[], None]) -> None:
        self._turn = turn
        self._run = run
        self._release_memory = release_memory
        self._changed = threading.Condition()
        self._waiting: list[PendingRequest] = []
        self._unfinished = 0
        self._running = False
        self._thread: threading.Thread | None = None

    def open(self, requests: Sequence[Request]) -> Stream:
        """Start writing the answers of a stream."""
        state = StreamState(len(requests))
        listeners = state.listeners()
        asked = list(map(PendingRequest, requests, listeners))
        with self._changed:
            self._waiting += asked
            self._unfinished += len(asked)
            if asked and not self._running:
                self._running = True
                self._thread = threading.Thread(target=self._run_all, name="streams", daemon=True)
                self._thread.start()
        for one, listener in zip(asked, listeners, strict=True):
            listener.on_cancel(partial(self._drop_waiting, one))
        return Stream(state, self._join)

    def _join(self) -> None:
        """Where no stream is left, wait until the thread is gone."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running or self._unfinished)
            gone = None if self._running else self._thread
        if gone is not None:
            gone.join()

    def _drop_waiting(self, asked: PendingRequest) -> None:
        """Leave out a cancelled request whose turn has not come."""
        with self._changed:
            if asked not in self._waiting:
                return
            self._waiting.remove(asked)
        self._finish(asked, Cancelled())
        self._turn.wake_waiting()

    def _run_all(self) -> None:
        while True:
            if self._turn.acquire(lambda: bool(self._waiting)):
                try:
                    self._run_isolated(self._take(len(self._waiting)))
                finally:
                    self._turn.release()
            with self._changed:
                if not self._waiting:
                    self._running = False
                    self._changed.notify_all()
                    return

    def _run_isolated(self, asked: list[PendingRequest]) -> None:
        """Finish all; a bad request fails alone, as in `answer_isolated`."""
        batches = [asked]
        while batches:
            batch = batches.pop()
            running = dict(enumerate(batch))
            try:
                for place, result in self._run(batch, self._join_batch(running, len(batch))):
                    self._finish(running.pop(place), result)
            except Exception as error:
                failure = as_model_error(error)
            else:
                continue
            with suppress(Exception):  # a device may be past all use: readers are told all the same
                self._release_memory()
            left = list(running.values())
            if len(left) == 1:
                self._finish(left[0], failure)
            elif left:
                middle = len(left) // 2
                batches += [left[middle:], left[:middle]]

    def _join_batch(self, running: dict[int, PendingRequest], first: int) -> Join:
        places = count(first)

        def join(weights: Weights) -> list[tuple[int, PendingRequest]]:
            if not self._waiting or self._turn.wanted:
                return []
            with self._changed:
                # in order: one that needs other weights is not overtaken for ever
                alike = takewhile(lambda one: one.request.weights == weights, self._waiting)
                taken = self._take(len(list(alike)))
            joined = [(next(places), one) for one in taken]
            running.update(joined)
            return joined

        return join

    def _take(self, most: int) -> list[PendingRequest]:
        with self._changed:
            taken, self._waiting = self._waiting[:most], self._waiting[most:]
        return taken

    def _finish(self, asked: PendingRequest, result: Answer | ModelError) -> None:
        assert asked.listener is not None
        with self._changed:
            self._unfinished -= 1
            self._changed.notify_all()
        asked.listener.finish(result)
