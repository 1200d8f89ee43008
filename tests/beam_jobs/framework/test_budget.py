"""What threads share: never more than there is, and nobody is passed by."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.framework.budget import Budget

DEADLINE_S = 60


@contextmanager
def held(budget: Budget, amount: int) -> Iterator[None]:
    budget.take(amount)
    try:
        yield
    finally:
        budget.change(-amount)


def wait_for_queue(budget: Budget, length: int) -> None:
    waits = threading.Event()
    while len(budget._queue) < length:
        waits.wait(0.001)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 100), max_size=30))
def test_no_more_is_held_than_there_is(amounts: list[int]) -> None:
    budget = Budget(100)

    def hold(amount: int) -> None:
        with held(budget, amount):
            pass

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(hold, amounts))
    assert budget.peak <= 100
    assert budget._held == 0


def test_more_than_all_is_held_alone_and_in_its_turn() -> None:
    budget, order = Budget(100), list[str]()

    def hold(name: str, amount: int) -> None:
        with held(budget, amount):
            order.append(name)

    with ThreadPoolExecutor(2) as threads, held(budget, 60):
        large = threads.submit(hold, "large", 500)
        wait_for_queue(budget, 1)
        small = threads.submit(hold, "small", 10)
        wait_for_queue(budget, 2)
        assert not large.done()
        assert not small.done()
    large.result(DEADLINE_S)
    small.result(DEADLINE_S)
    assert order == ["large", "small"]
    assert budget.peak == 500


def test_what_was_taken_may_grow_and_shrink_and_the_whole_too() -> None:
    budget = Budget(100)
    with ThreadPoolExecutor(1) as threads, held(budget, 90):
        waits = threads.submit(budget.take, 50)
        wait_for_queue(budget, 1)
        budget.change(30)  # beyond what there is, at once
        assert budget.peak == 120
        budget.change(-30)
        budget.set_total(139)
        assert not waits.done()
        budget.set_total(140)
        waits.result(DEADLINE_S)


def test_waiting_ends_where_it_is_not_wanted_any_more_and_the_next_has_its_turn() -> None:
    budget, given_up = Budget(100), threading.Event()

    def check() -> None:
        if given_up.is_set():
            raise ValueError("nobody wants it")

    with ThreadPoolExecutor(2) as threads, held(budget, 60):
        large = threads.submit(budget.take, 100, check)
        wait_for_queue(budget, 1)
        small = threads.submit(budget.take, 40)
        wait_for_queue(budget, 2)
        given_up.set()
        with pytest.raises(ValueError, match="nobody wants it"):
            large.result(DEADLINE_S)
        small.result(DEADLINE_S)
