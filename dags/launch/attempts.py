"""Attempts of a task: those meant for its work are counted, those that Airflow lost are not.

Airflow counts every attempt alike: one whose job failed, and one whose supervisor, server or
database went away. So a task has attempts for both, and the failures of its work are counted in its
own state, which outlives attempts; whoever was lost could not count.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType

from dags.launch.errors import JobLeft

Context = Any
"""Airflow's task context."""

KEY = "work_failures"
_SERVER_ERROR = 500


@dataclass(frozen=True)
class WorkRetryPolicy(RetryPolicy):
    """Rules by the type of the error; what they try again is tried `count` times more.

    The wait before another attempt at the work doubles from `delay_s` to `max_delay_s`; after a
    loss it is the task's own.
    """

    rules: Sequence[RetryRule] = field(hash=False)
    count: int
    delay_s: float
    max_delay_s: float

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        by_type = ExceptionRetryPolicy(list(self.rules), default=RetryAction.RETRY)
        decision = by_type.evaluate(exception, try_number, max_tries, context)
        if decision.action is RetryAction.FAIL:
            return decision
        if is_loss(exception):
            return RetryDecision.retry(reason="Airflow lost this attempt: it does not count")
        failures = _failures(context, max_tries, try_number - 1) + 1
        _keep_failures(context, max_tries, failures)
        if failures > self.count:
            return RetryDecision.fail(f"failed {failures} times, and retries.count is {self.count}")
        wait_s = min(self.delay_s * 2 ** (failures - 1), self.max_delay_s)
        return RetryDecision.retry(datetime.timedelta(seconds=wait_s), decision.reason)

    def is_last(self, context: Context) -> bool:
        """True where a failure of this attempt is the task's."""
        ti = context["ti"]
        return _failures(context, ti.max_tries, ti.try_number - 1) >= self.count


def is_last_attempt(context: Context) -> bool:
    """True where the task's work will not be tried again."""
    ti, policy = context["ti"], context["task"].retry_policy
    if isinstance(policy, WorkRetryPolicy) and policy.is_last(context):
        return True
    return bool(ti.try_number > ti.max_tries)


def is_loss(error: BaseException) -> bool:
    """Whether an attempt ended for Airflow's sake: its job was left, its server is gone. Pure."""
    if isinstance(error, AirflowRuntimeError) and error.error.error is ErrorType.API_SERVER_ERROR:
        status = (error.error.detail or {}).get("status_code")
        return status is None or status >= _SERVER_ERROR
    return isinstance(error, JobLeft | ConnectionError | EOFError)


def _failures(context: Context | None, max_tries: int, otherwise: int) -> int:
    """Failures of the task's work since it was cleared last; Airflow moves `max_tries` then."""
    store = (context or {}).get("task_state_store")
    if store is None:
        return otherwise
    kept = store.get(KEY)
    return int(kept["failures"]) if kept and kept["max_tries"] == max_tries else 0


def _keep_failures(context: Context | None, max_tries: int, failures: int) -> None:
    store = (context or {}).get("task_state_store")
    if store is not None:
        store.set(KEY, {"max_tries": max_tries, "failures": failures})
