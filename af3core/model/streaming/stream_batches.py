"""Answers that several threads ask an engine of this machine for, written together.

Streams and whole answers share one pool: what waits starts together, and what comes later joins it
at the next step. Who asks takes turns (`fair_queue`).
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Generic, TypeVar

from af3core.errors import MachineModelError, ModelError
from af3core.model.isolation import as_model_error
from af3core.model.prompt import Prompt
from af3core.model.request import Answer, Request, Weights
from af3core.model.streaming.fair_queue import FairQueue
from af3core.model.streaming.stream import Cancelled, Listener, Stream, StreamState

_AHEAD = 1.5
"""What a running batch is given at most, in its budget: what runs, and what starts next."""
_PASSES = 4
"""So many budgets may pass by what needs other weights; then it has its turn."""
_LEAST_SHARE, _RECOVERY = 1 / 64, 20
"""After an error of a whole batch half as much runs at once; it is the budget's whole again after
so many budgets without one."""

Result = Answer | ModelError
Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class PendingRequest:
    """A request, and who is told its answer.

    Attributes:
        request: to be answered.
        listener: hears the answer while it is written; nobody, unless it is streamed.
        done: is told the result, on the engine's thread.
        prompt: of the request, where it was made ahead.
    """

    request: Request
    listener: Listener | None = None
    done: Callable[[Result], None] | None = None
    prompt: Prompt | None = None

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


class _Collected:
    """Results as they come, for who waits for all of them."""

    def __init__(self, count: int) -> None:
        self._found: dict[int, Result] = {}
        self._count = count
        self._is_whole = threading.Event()

    def take(self, number: int, result: Result) -> None:
        self._found[number] = result
        if len(self._found) == self._count:
            self._is_whole.set()

    def wait(self) -> list[Result]:
        """In the order of their numbers."""
        if self._count:
            self._is_whole.wait()
        return [self._found[number] for number in range(self._count)]


class _Call(Generic[Value]):
    """Work for the engine's thread, and who waits for what it gives."""

    def __init__(self, work: Callable[[], Value]) -> None:
        self._work = work
        self.result: Future[Value] = Future()

    def run(self) -> None:
        try:
            self.result.set_result(self._work())
        except BaseException as error:
            self.result.set_exception(error)


class StreamBatches:
    """Writes answers on a thread that lives as long as there are any to write.

    One that comes while others are written joins them at the next step, unless somebody waits for
    the turn of the model: then it starts behind that one.

    An error that is no batch's ends the thread: all that were asked then are told it, as a
    machine's trouble, and who asks later starts another thread.

    Args:
        turn: held while a batch runs.
        run: runs a batch, all of whose requests need the same weights.
        release_memory: called after an error, before what has no result runs again in halves.
        batch_tokens: the engine's budget now.
    """

    def __init__(
        self,
        turn: FairLock,
        run: RunBatch,
        release_memory: Callable[[], None],
        batch_tokens: Callable[[], int],
    ) -> None:
        self._turn = turn
        self._run = run
        self._release_memory = release_memory
        self._batch_tokens = batch_tokens
        self._changed = threading.Condition()
        self._waiting: FairQueue[PendingRequest] = FairQueue(lambda asked: asked.request)
        self._calls: deque[_Call[Any]] = deque()
        self._tokens: dict[PendingRequest, float] = {}
        self._held = 0.0
        self._share = 1.0
        self._unfinished = 0
        self._running = False
        self._thread: threading.Thread | None = None

    def open(self, requests: Sequence[Request]) -> Stream:
        """Start writing the answers of a stream."""
        state = StreamState(len(requests))
        asked = [
            PendingRequest(request, listener, listener.finish)
            for request, listener in zip(requests, state.listeners(), strict=True)
        ]
        self._put(asked)
        for one in asked:
            assert one.listener is not None
            one.listener.on_cancel(partial(self._drop_waiting, one))
        return Stream(state, self._join)

    def answer(self, requests: Sequence[tuple[Request, Prompt | None]]) -> list[Result]:
        """Whole answers, waited for: one or an error per request, in their order."""
        collected = _Collected(len(requests))
        self._put(
            [
                PendingRequest(request, None, partial(collected.take, number), prompt)
                for number, (request, prompt) in enumerate(requests)
            ]
        )
        results = collected.wait()
        self._join()
        return results

    def call(self, work: Callable[[], Value]) -> Value:
        """What `work` gives, done on the model between two steps of what is written."""
        call = _Call(work)
        with self._changed:
            self._ensure_thread()
            self._calls.append(call)
        try:
            return call.result.result()
        finally:
            self._join()

    def _put(self, asked: Sequence[PendingRequest]) -> None:
        with self._changed:
            if asked:
                self._ensure_thread()
            self._waiting.put(asked)
            self._unfinished += len(asked)

    def _ensure_thread(self) -> None:
        """Have a thread that takes what is put next, before the lock is given back."""
        if not self._running:
            thread = threading.Thread(target=self._run_guarded, name="streams", daemon=True)
            self._running = True
            try:
                thread.start()
            except RuntimeError as error:
                self._running = False
                raise MachineModelError(f"no thread for the engine: {error}") from error
            self._thread = thread

    def _join(self) -> None:
        """Where nothing is left to write, wait until the thread is gone."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running or self._unfinished)
            gone = None if self._running else self._thread
        if gone is not None:
            gone.join()

    def _drop_waiting(self, asked: PendingRequest) -> None:
        """Leave out a cancelled request whose turn has not come."""
        with self._changed:
            if not self._waiting.remove(asked):
                return
        self._finish(asked, Cancelled())
        self._turn.wake_waiting()

    def _run_guarded(self) -> None:
        try:
            self._run_all()
        except BaseException as error:
            self._give_up(error)

    def _give_up(self, error: BaseException) -> None:
        """Tell all that wait why nothing of theirs is done; all else is as it was at first."""
        said = f"the engine's thread ended by {type(error).__name__}: {error}; ask again"
        failure = MachineModelError(said)
        failure.__cause__ = error
        with self._changed:
            left = [*self._tokens]
            while group := self._waiting.take():
                left += group.items
            calls = [*self._calls]
            self._calls.clear()
            self._tokens.clear()
            self._held, self._share = 0.0, 1.0
            self._unfinished -= len(left)
            self._running = False
            self._changed.notify_all()
        for call in calls:
            call.result.set_exception(failure)
        for one in left:
            assert one.done is not None
            one.done(failure)

    def _run_all(self) -> None:
        last: Weights | None = None
        while True:
            if self._turn.acquire(lambda: bool(self._waiting or self._calls)):
                try:
                    self._do_calls()
                    with self._changed:
                        last = self._waiting.next_weights(last)
                        asked = self._take(last) if last else []
                    if asked:
                        self._run_isolated(asked)
                    if self._tokens:
                        raise RuntimeError("a batch has ended and left requests behind")
                finally:
                    self._turn.release()
            with self._changed:
                if not self._waiting and not self._calls:
                    self._running = False
                    self._changed.notify_all()
                    return

    def _do_calls(self) -> None:
        while self._calls:
            self._calls.popleft().run()

    def _run_isolated(self, asked: list[PendingRequest]) -> None:
        """Finish all; a bad request fails alone, as in `answer_isolated`.

        Nobody joins what runs again in halves: it would be as large as what failed.
        """
        running = dict(enumerate(asked))
        halves = self._failed_of(asked, running, self._join_batch(running, asked))
        while halves:
            batch = halves.pop()
            halves += self._failed_of(batch, dict(enumerate(batch)), lambda weights: [])

    def _failed_of(
        self, batch: Sequence[PendingRequest], running: dict[int, PendingRequest], join: Join
    ) -> list[list[PendingRequest]]:
        """Run a batch; where it fails, what has no result, in halves."""
        try:
            for place, result in self._run(batch, join):
                self._finish(running.pop(place), result)
            if not running:
                return []
            failure = ModelError("the engine gave no answer, and no error")
        except Exception as error:
            failure = as_model_error(error)
        with suppress(Exception):  # a device may be past all use: readers are told all the same
            self._release_memory()
        left = list(running.values())
        if len(left) < 2:
            for one in left:
                self._finish(one, failure)
            return []
        self._share = max(self._share / 2, _LEAST_SHARE)
        middle = len(left) // 2
        return [left[middle:], left[:middle]]

    def _join_batch(
        self, running: dict[int, PendingRequest], first: Sequence[PendingRequest]
    ) -> Join:
        places, weights_of_run = count(len(first)), first[0].request.weights
        passed = 0.0

        def join(weights: Weights) -> list[tuple[int, PendingRequest]]:
            nonlocal passed
            self._do_calls()
            if not self._waiting or self._turn.wanted or weights != weights_of_run:
                return []
            if passed > _PASSES * self._batch_tokens():
                return []
            with self._changed:
                taken = self._take(weights)
                if self._waiting.holds_other(weights):
                    passed += sum(self._tokens[one] for one in taken)
            joined = [(next(places), one) for one in taken]
            running.update(joined)
            return joined

        return join

    def _take(self, weights: Weights) -> list[PendingRequest]:
        """What waits and fits beside what runs; one group at least, where nothing does."""
        taken: list[PendingRequest] = []
        most = self._share * _AHEAD * self._batch_tokens()
        while True:
            room = most - self._held if self._tokens else math.inf
            group = self._waiting.take(weights, room)
            if group is None:
                return taken
            for one in group.items:
                self._tokens[one] = group.tokens / len(group.items)
            self._held += group.tokens
            taken += group.items

    def _finish(self, asked: PendingRequest, result: Result) -> None:
        assert asked.done is not None
        recovery_tokens = _RECOVERY * self._batch_tokens()
        with self._changed:
            self._unfinished -= 1
            tokens = self._tokens.pop(asked, 0.0)
            self._held = self._held - tokens if self._tokens else 0.0
            if isinstance(result, Answer):
                self._share = min(1.0, self._share + tokens / recovery_tokens)
            self._changed.notify_all()
        asked.done(result)
