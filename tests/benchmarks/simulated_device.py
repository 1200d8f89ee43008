"""An engine whose device takes a set time for each batch and step, under the real pool, scheduler
and prompts; and a store whose requests take a set time.

The device works through a queue, as a GPU does: the host launches a step before it looks at the
tokens of the one before, and a row that has ended takes part in one step more.
"""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from af3core.errors import ModelError
from af3core.model.prompt import Prompt, PromptBuilder
from af3core.model.request import Answer, Request
from af3core.model.runtime.run_jobs import plan_groups
from af3core.model.runtime.scheduler import Scheduler
from af3core.model.streaming.stream_batches import (
    FairLock,
    Join,
    PendingRequest,
    StreamBatches,
)
from af3core.model.weights.checkpoint import Checkpoint
from af3core.model.weights.loading import limit_of_processor, load_processor
from af3core.storage.lease import ANY_ROOM, LEASE_S, Room, hold_lease, try_lease
from af3core.storage.store import Store

_POSITIONS = 32_768
_REQUESTS = {
    "read": 1,
    "open": 1,
    "write": 1,
    "create": 1,
    "replace": 1,
    "delete": 1,
    "release": 1,
    "children": 1,
    "local_file": 1,
    "stamps": 0,
    "exists": 0,
    "read_many": 0,
}
"""Methods that make a request; 0: one for each key, 32 at once."""
_AT_ONCE = 32


@dataclass(frozen=True)
class DeviceTimes:
    """What the device takes.

    Attributes:
        batch_s: to start a batch, whatever is in it.
        token_s: more for each token of its prefixes and questions.
        step_s: for a token of every row.
    """

    batch_s: float
    token_s: float
    step_s: float


class Device:
    """Works through what is launched, one after the other.

    Attributes:
        worked_s: for how long, in all.
    """

    def __init__(self) -> None:
        self.worked_s = 0.0
        self._free_at = 0.0

    def launch(self, seconds: float) -> float:
        """Queue work; gives when it will be done."""
        self._free_at = max(self._free_at, time.monotonic()) + seconds
        self.worked_s += seconds
        return self._free_at

    @staticmethod
    def wait(done_at: float) -> None:
        """Wait until the device has done what was launched."""
        time.sleep(max(0.0, done_at - time.monotonic()))


@dataclass(eq=False)
class _Row:
    number: int
    left: int


@dataclass
class _Step:
    """A step that is launched: when it is done, and its rows by batch."""

    done_at: float
    rows: dict[int, list[_Row]]


class SimulatedEngine:
    """Answers after as many steps as an answer would take, with words that are made up.

    Attributes:
        device: how long it has worked.
        steps, batches: how many.
    """

    name = "simulated"

    def __init__(self, checkpoint: Checkpoint, times: DeviceTimes, batch_tokens: int) -> None:
        processor = load_processor(checkpoint)
        self._builder = PromptBuilder(processor, _POSITIONS, limit_of_processor(processor))
        self._times = times
        self.batch_tokens = batch_tokens
        self._turn = FairLock()
        self._pool = StreamBatches(self._turn, self._run, lambda: None, lambda: batch_tokens)
        self.device = Device()
        self.steps = self.batches = 0

    def answer(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """As an engine does: one caller's alone."""
        asked = [PendingRequest(request) for request in requests]
        with self._turn:
            results = dict(self._run(asked, lambda weights: []))
        return [results[number] for number in range(len(requests))]

    def answer_beside(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """As our engine does: prompts on the thread that asks, then the pool."""
        return self._pool.answer([(request, self._builder.build(request)) for request in requests])

    def prompt_of(self, asked: PendingRequest) -> Prompt:
        return asked.prompt or self._builder.build(asked.request)

    def _run(
        self, asked: Sequence[PendingRequest], join: Join
    ) -> Iterator[tuple[int, Answer | ModelError]]:
        loop = _Loop(self, Scheduler([], self.batch_tokens), self._times)
        loop.add(list(enumerate(asked)))
        launched: _Step | None = None
        while loop.scheduler.busy or launched:
            loop.add(join("base"))
            loop.start()
            before, launched = launched, loop.launch()
            if before is not None:
                yield from loop.look(before)
            loop.shrink()


class _Loop:
    """A run of batches, as `BatchLoop` has it."""

    def __init__(self, engine: SimulatedEngine, scheduler: Scheduler, times: DeviceTimes) -> None:
        self.scheduler = scheduler
        self._engine, self._times = engine, times
        self._lengths: dict[int, int] = {}
        self._running: dict[int, list[_Row | None]] = {}

    def add(self, new: Sequence[tuple[int, PendingRequest]]) -> None:
        prompts = {number: self._engine.prompt_of(one) for number, one in new}
        most = {number: one.request.decoding.max_new_tokens for number, one in new}
        self._lengths |= {n: _answer_tokens(prompts[n], most[n]) for n in prompts}
        self.scheduler.add(plan_groups(prompts, most))

    def start(self) -> None:
        for plan in self.scheduler.admit():
            own = sum(question.prompt_tokens for question in plan.questions)
            prefixes = sum(group.prefix_tokens for group in plan.groups)
            self._engine.device.launch(self._times.batch_s + self._times.token_s * (prefixes + own))
            self._engine.batches += 1
            rows = (_Row(q.number, self._lengths[q.number]) for q in plan.questions)
            self._running[plan.number] = list(rows)

    def shrink(self) -> None:
        for batch, stay in self.scheduler.shrink():
            self._running[batch] = [self._running[batch][row] for row in stay]
            if not stay:
                del self._running[batch]

    def launch(self) -> _Step | None:
        """A token of every row that is written; nothing where there is none."""
        rows = {
            batch: [row for row in running if row is not None]
            for batch, running in self._running.items()
        }
        if not any(rows.values()):
            return None
        self._engine.steps += 1
        return _Step(self._engine.device.launch(self._times.step_s), rows)

    def look(self, step: _Step) -> Iterator[tuple[int, Answer | ModelError]]:
        """Hand out the answers that a step has finished."""
        Device.wait(step.done_at)
        for batch, rows in step.rows.items():
            for row in rows:
                row.left -= 1
                if not row.left:
                    place = self._running[batch].index(row)
                    self._running[batch][place] = None
                    self.scheduler.finish(batch, place)
                    count = self._lengths.pop(row.number)
                    yield row.number, Answer("a voice speaks", count, -0.1, "stop")


def _answer_tokens(prompt: Prompt, most: int) -> int:
    """A third of an answer's limit to all of it; the same for the same words."""
    drawn = zlib.crc32(repr(prompt.ids[prompt.prefix :]).encode()) ^ len(prompt.ids)
    return max(1, most // 3 + drawn % max(1, most - most // 3))


class SlowStore:
    """A store each of whose requests takes so long more.

    Args:
        inner: the store.
        request_s: of a request.

    Attributes:
        requests: how many of each kind.
        lost_claims: claims that another one held.
    """

    def __init__(self, inner: Store, request_s: float) -> None:
        self._inner, self._request_s = inner, request_s
        self.requests: Counter[str] = Counter()
        self.lost_claims = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        return self._delayed(name, method, _REQUESTS[name]) if name in _REQUESTS else method

    def replace(self, key: str, data: bytes, expected: str | None) -> str | None:
        stamp = self._delayed("replace", self._inner.replace, 1)(key, data, expected)
        self.lost_claims += stamp is None and expected is None
        return stamp

    def claim(self, key: str, room: Room = ANY_ROOM) -> AbstractContextManager[None]:
        return hold_lease(self, key, LEASE_S, room=room)

    def try_claim(self, key: str) -> AbstractContextManager[bool]:
        return try_lease(self, key, LEASE_S)

    def _delayed(self, name: str, method: Callable[..., Any], requests: int) -> Callable[..., Any]:
        def call(first: Any, *more: Any, **named: Any) -> Any:
            count = requests or -(-len(first) // _AT_ONCE)
            self.requests[name] += requests or len(first)
            time.sleep(count * self._request_s)
            return method(first, *more, **named)

        return call
