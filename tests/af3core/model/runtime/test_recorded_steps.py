"""What is recorded, when, and with which memory; and how far the host is ahead of the device."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from af3core.errors import ModelError
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.prompt import PromptTooLong
from af3core.model.request import Answer, Decoding, Request, Turn
from af3core.model.runtime.accelerator import DirectAccelerator, Mark, Recorded
from af3core.model.runtime.buckets import encoder_buckets, prefill_buckets, step_buckets
from af3core.model.runtime.memory_budget import PoolSizes
from af3core.model.runtime.paged_loop import PagedLoop
from af3core.model.runtime.paged_runner import Launched
from af3core.model.runtime.run_jobs import Job, RunStats
from af3core.model.streaming.stream import StreamState
from af3core.model.streaming.stream_batches import PendingRequest
from af3core.model.weights.checkpoint import find_checkpoint
from tests.af3core.model.asking import assert_same_answers, odd_checkpoint, sound_of
from tests.af3core.model.runtime.paged_on_cpu import on_pages, runner_of
from tests.af3core.model.runtime.test_sampling import SCHEMA

SIZES = PoolSizes(
    pages=160, slots=6, step_rows=40, prefix_tokens=2_000, own_tokens=400, tokens_at_once=1_000
)


class Outside(TorchDispatchMode):
    """Addresses of the memory that a call takes and did not make itself."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: set[int] = set()
        self._made: set[int] = set()
        self._kept: list[Tensor] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        taken = {_address(leaf) for leaf in tree_leaves((args, kwargs or {})) if _is_tensor(leaf)}
        self.addresses |= taken - self._made
        result = func(*args, **(kwargs or {}))
        for leaf in filter(_is_tensor, tree_leaves(result)):
            if _address(leaf) not in self.addresses:
                self._made.add(_address(leaf))
                self._kept.append(leaf)  # so that no address is used twice
        return result


def _is_tensor(leaf: object) -> bool:
    return isinstance(leaf, Tensor)


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


@dataclass(frozen=True)
class _NumberedMark:
    """A place in the queue that says when it is waited for."""

    number: int
    events: list[tuple[str, int]]

    def synchronize(self) -> None:
        self.events.append(("look", self.number))


class Recorder(DirectAccelerator):
    """Asserts at each replay that a recorded call takes the memory that it was recorded with."""

    def __init__(self) -> None:
        super().__init__(torch.device("cpu"))
        self.captures: list[set[int]] = []
        self.given: list[int] = []
        self.replays = 0
        self.events: list[tuple[str, int]] = []

    def record(self, function: Callable[[], Tensor]) -> Recorded:
        """The function, and where its memory lies."""
        with Outside() as outside:
            self.given.append(_address(function()))
        addresses = outside.addresses
        self.captures.append(addresses)

        def replay() -> Tensor:
            with Outside() as again:
                result = function()
            assert again.addresses == addresses
            self.replays += 1
            return result

        return Recorded(replay)

    def mark(self) -> Mark:
        """Behind a step."""
        number = sum(name == "launch" for name, _ in self.events)
        self.events.append(("launch", number))
        return _NumberedMark(number, self.events)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def engine(shared: Path, untrained: Path, recorder: Recorder) -> Af3Engine:
    checkpoint = find_checkpoint(str(odd_checkpoint(shared, untrained)))
    return on_pages(Af3Engine.load(checkpoint), SIZES, recorder)


@dataclass
class Arrivals:
    """Requests that come while others run, some at each step."""

    engine: Af3Engine
    requests: list[Request]
    random: Random
    given: int = 0
    jobs: dict[int, Job] = field(default_factory=dict)

    def __call__(self) -> Iterator[tuple[int, Job | ModelError]]:
        count = self.random.choice((0, 0, 0, 1, 2)) if self.given else 1
        chosen = self.requests[self.given : self.given + count]
        self.given += len(chosen)
        asked = [(self.requests.index(r), PendingRequest(r)) for r in chosen]
        yield from self.engine._jobs(asked)


def request_of(decoding: Decoding, seconds: float, text: str) -> Request:
    return Request((sound_of(seconds),), (Turn("user", text),), decoding)


def test_nothing_is_recorded_after_the_start(engine: Af3Engine, recorder: Recorder) -> None:
    """Two hundred answers arrive and end at random, in all buckets and ways of choosing."""
    steps = step_buckets(SIZES.step_rows, SIZES.prefix_tokens, SIZES.own_tokens)
    prefills = prefill_buckets(SIZES.tokens_at_once)
    windows = encoder_buckets(3_000, 4 * SIZES.tokens_at_once)
    assert len(recorder.captures) == len(steps) + len(prefills) + len(windows)
    assert (len(steps), len(prefills), len(windows)) == (8, 4, 4)
    assert len(set(recorder.given[-8:])) == 1, "steps of all buckets give one memory"
    random = Random(5)
    special = {"temperature": 1.0}, {"repetition_penalty": 1.2}, {"min_new_tokens": 3}
    ways: list[dict[str, Any]] = [{}, {}, {}, *special]
    requests = [
        request_of(
            Decoding(random.randint(3, 8), **random.choice(ways)),
            random.choice((0.3, 0.3, 0.3, 2.0)),
            f"Question {number}",
        )
        for number in range(200)
    ]
    captures = len(recorder.captures)
    runner, arrivals = runner_of(engine), Arrivals(engine, requests, random)
    found: dict[int, Answer | ModelError] = {}
    with torch.inference_mode():
        while len(found) < len(requests):
            first = dict(engine._jobs([(arrivals.given, PendingRequest(requests[arrivals.given]))]))
            arrivals.given += 1
            loop = PagedLoop(runner, first, RunStats(), arrivals)  # type: ignore[arg-type]
            found |= loop.run(engine.batch_tokens)
    assert all(isinstance(answer, Answer) for answer in found.values())
    assert len(recorder.captures) == captures
    assert recorder.replays > 100
    assert len(runner.pages) == runner.pages.total


def run_steps(engine: Af3Engine, requests: list[Request]) -> tuple[list[Launched], list[Answer]]:
    """The steps that the requests took, with their answers."""
    runner, launch = runner_of(engine), runner_of(engine).launch
    launched: list[Launched] = []

    def kept() -> Launched | None:
        step = launch()
        if step is not None:
            launched.append(step)
        return step

    runner.launch = kept  # type: ignore[method-assign]
    results = engine.answer(requests)
    return launched, [result for result in results if isinstance(result, Answer)]


def test_a_step_is_launched_before_the_last_one_is_looked_at(
    engine: Af3Engine, recorder: Recorder
) -> None:
    requests = [request_of(Decoding(5, min_new_tokens=5), 1.0, "Who?")]
    launched, _ = run_steps(engine, requests)
    assert len(launched) == 5, "the length ends the answer, and the host knows it"
    ahead = [("launch", 0), ("launch", 1), ("look", 0), ("launch", 2), ("look", 1)]
    assert recorder.events == [*ahead, ("launch", 3), ("look", 2), ("launch", 4), ("look", 3),
                               ("look", 4)]  # fmt: skip


def test_a_run_that_breaks_off_leaves_no_step_that_reads_the_tables_of_the_next(
    engine: Af3Engine, recorder: Recorder
) -> None:
    runner, request = runner_of(engine), request_of(Decoding(9, 9), 1.0, "Who?")
    with torch.inference_mode():
        jobs = dict(engine._jobs([(0, PendingRequest(request))]))
        turns = iter(range(3))

        def new_jobs() -> Iterator[tuple[int, Job | ModelError]]:
            if next(turns) == 2:
                raise ValueError("the tokenizer breaks")
            return iter(())

        loop = PagedLoop(runner, jobs, RunStats(), new_jobs)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="the tokenizer breaks"):
            list(loop.run(engine.batch_tokens))
    assert recorder.events == [("launch", 0), ("launch", 1), ("look", 0)]
    runner.forget()
    assert recorder.events[3:] == [("launch", 2), ("look", 2)], "all that is queued"
    runner.forget()
    assert len(recorder.events) == 5


def test_who_cancels_what_no_budget_holds_ends_no_other(engine: Af3Engine) -> None:
    """A stream is given up between the step that took it and the next."""
    state = StreamState(1)
    (listener,) = state.listeners()
    state.cancel([0])
    requests = [
        request_of(Decoding(5, 5), 1.0, "Who?"),
        request_of(Decoding(500), 1.0, "What?"),
    ]
    coming = [[(1, PendingRequest(requests[1], listener))]]
    with torch.inference_mode():
        first = dict(engine._jobs([(0, PendingRequest(requests[0]))]))
        loop = PagedLoop(
            runner_of(engine),
            first,  # type: ignore[arg-type]
            RunStats(),
            lambda: engine._jobs(coming.pop() if coming else []),
        )
        found = dict(loop.run(engine.batch_tokens))
    assert isinstance(found[0], Answer)
    assert isinstance(found[1], PromptTooLong)


def test_an_answer_that_ends_by_itself_costs_one_step_more(shared: Path, untrained: Path) -> None:
    plain = Af3Engine.load(find_checkpoint(str(odd_checkpoint(shared, untrained))))
    side = plain._sides["base"]
    often = frozenset(range(6, len(plain.processor.tokenizer), 10))
    plain._sides["base"] = replace(side, end_ids=often)
    engine = on_pages(plain, SIZES)
    decodings = [Decoding(60, temperature=1.5, seed=seed) for seed in range(12)]
    requests = [request_of(d, 1.0, f"Question {n}") for n, d in enumerate(decodings)]
    launched, answers = run_steps(engine, requests)
    assert [answer.finish_reason for answer in answers] == ["stop"] * 12
    for number, answer in enumerate(answers):
        steps = sum((step.step.owners == number).sum() for step in launched)
        assert steps - len(answer.logprobs) in (0, 1)
    alone = [run_steps(engine, [request])[1][0] for request in requests]
    assert_same_answers(alone, answers)


def test_rows_that_need_the_host_lag_and_others_do_not(engine: Af3Engine) -> None:
    document = Decoding(40, json_schema=json.dumps(SCHEMA))
    requests = [request_of(document, 1.0, "Who?"), request_of(Decoding(20, 20), 1.0, "What?")]
    launched, (first, second) = run_steps(engine, requests)
    of_document, of_other = (
        [place for place, step in enumerate(launched) if number in step.step.owners]
        for number in (0, 1)
    )
    assert of_other[: second.token_count] == list(range(20))
    together = [place for place in of_document if place < 20]
    assert together == list(range(0, 20, 2))
    assert set(json.loads(first.text)) == {"loud", "speakers", "kind"}
