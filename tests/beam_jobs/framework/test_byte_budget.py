"""Bytes that threads share: never more than there are, and nobody is passed by."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.framework.byte_budget import ByteBudget

DEADLINE_S = 60


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 100), max_size=30))
def test_no_more_is_held_than_there_is(counts: list[int]) -> None:
    budget = ByteBudget(100)

    def hold(count: int) -> None:
        with budget.held(count):
            pass

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(hold, counts))
    assert budget.peak <= 100


def test_more_than_all_is_held_alone_and_in_its_turn() -> None:
    budget, order = ByteBudget(100), list[str]()
    waits = threading.Event()

    def hold(name: str, count: int) -> None:
        with budget.held(count):
            order.append(name)

    with ThreadPoolExecutor(2) as threads, budget.held(60):
        large = threads.submit(hold, "large", 500)
        while not budget._queue:
            waits.wait(0.001)
        small = threads.submit(hold, "small", 10)
        while len(budget._queue) < 2:
            waits.wait(0.001)
        assert not large.done()
        assert not small.done()
    large.result(DEADLINE_S)
    small.result(DEADLINE_S)
    assert order == ["large", "small"]
    assert budget.peak == 500
