"""Attempts for the work are counted; those that Airflow loses are not."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import RetryAction
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from hypothesis import given
from hypothesis import strategies as st

from dags.launch.attempts import WorkRetryPolicy, is_last_attempt, is_loss
from dags.launch.errors import JobFailed, JobLeft, JobLost, JobRefused
from dags.night.retries import RULES
from tests.dags.launch.task_state import State


def server_error(status: int | None) -> AirflowRuntimeError:
    detail = {"status_code": status, "message": "x"}
    return AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail=detail))


class Attempts:
    """Attempts of one task, whose state outlives them."""

    def __init__(self, count: int = 1, max_tries: int = 20) -> None:
        self.policy = WorkRetryPolicy(RULES, count, 60.0, 200.0)
        self.state, self.try_number, self.max_tries = State(), 1, max_tries
        self.retry_policy = self.policy

    @property
    def context(self) -> dict[str, Any]:
        return {"ti": self, "task": self, "task_state_store": self.state}

    def fail(self, error: BaseException) -> RetryAction:
        decision = self.policy.evaluate(error, self.try_number, self.max_tries, self.context)
        self.try_number += 1
        self.delay_s = decision.retry_delay.total_seconds() if decision.retry_delay else None
        return decision.action

    def be_lost(self) -> None:
        """A supervisor that was killed: nobody is asked, and nobody counts."""
        self.try_number += 1

    def be_cleared(self) -> None:
        """As Airflow does it, for a task with 20 retries."""
        self.max_tries = self.try_number + 20


def test_losses_spend_no_attempt_at_the_work() -> None:
    task = Attempts(count=1)
    for _ in range(5):
        task.be_lost()
        assert task.fail(JobLeft("x")) is RetryAction.RETRY
        assert task.fail(server_error(None)) is RetryAction.RETRY
    assert task.fail(JobFailed("x")) is RetryAction.RETRY
    task.be_lost()
    assert task.fail(JobFailed("x")) is RetryAction.FAIL


def test_the_wait_doubles_with_failures_of_the_work_alone() -> None:
    task = Attempts(count=9)
    waits = []
    for error in (JobFailed("x"), JobLeft("x"), JobLost("x"), ValueError("x"), JobFailed("x")):
        task.fail(error)
        waits.append(task.delay_s)
    assert waits == [60.0, None, 120.0, 200.0, 200.0]


def test_a_task_that_is_cleared_has_all_its_attempts_again() -> None:
    task = Attempts(count=1)
    assert [task.fail(JobFailed("x")) for _ in range(2)] == [RetryAction.RETRY, RetryAction.FAIL]
    task.be_cleared()
    assert [task.fail(JobFailed("x")) for _ in range(2)] == [RetryAction.RETRY, RetryAction.FAIL]


def test_what_is_refused_fails_at_once() -> None:
    assert Attempts(count=3).fail(JobRefused("x")) is RetryAction.FAIL


def test_the_last_attempt_is_told_by_failures_not_by_tries() -> None:
    task = Attempts(count=1)
    task.be_lost()
    assert not is_last_attempt(task.context)
    task.fail(JobFailed("x"))
    assert is_last_attempt(task.context)
    task.be_cleared()
    assert not is_last_attempt(task.context)
    task.try_number = task.max_tries + 1
    assert is_last_attempt(task.context)


def test_without_a_state_every_try_counts() -> None:
    policy = WorkRetryPolicy(RULES, 1, 60.0, 200.0)
    actions = [policy.evaluate(JobFailed("x"), number, 20).action for number in (1, 2)]
    assert actions == [RetryAction.RETRY, RetryAction.FAIL]


@pytest.mark.parametrize(
    ("error", "is_lost"),
    [
        (JobLeft("x"), True),
        (JobLost("x"), False),
        (server_error(None), True),
        (server_error(503), True),
        (server_error(422), False),
        (EOFError(), True),
        (BrokenPipeError(), True),
        (ValueError("x"), False),
    ],
)
def test_what_is_airflows_loss(error: Exception, is_lost: bool) -> None:
    assert is_loss(error) is is_lost


@given(st.integers(0, 4), st.lists(st.booleans(), max_size=18))
def test_whatever_comes_between_the_work_is_tried_as_often_as_it_says(
    count: int, are_losses: list[bool]
) -> None:
    task, failures = Attempts(count), 0
    for is_lost in are_losses:
        if is_lost:
            task.be_lost()
            continue
        failures += 1
        is_final = task.fail(JobFailed("x")) is RetryAction.FAIL
        assert is_final == (failures > count)
        if is_final:
            break
