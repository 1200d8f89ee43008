"""What is tried again: by the type of the error, not by hope."""

from __future__ import annotations

import datetime
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from af3core.errors import ConfigurationError
from dags.corpus.corpus import Retries
from dags.launch.errors import JobFailed, JobLost, JobMisconfigured, JobRefused

POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            [JobMisconfigured, ConfigurationError],
            RetryAction.FAIL,
            reason="a wrong setting: mend it first",
        ),
        RetryRule(JobRefused, RetryAction.FAIL, reason="the same input is refused again"),
        RetryRule(JobLost, RetryAction.RETRY, reason="capacity was lost: backing off"),
        RetryRule(JobFailed, RetryAction.RETRY, reason="it may pass: backing off"),
    ]
)


def retry_arguments(retries: Retries) -> dict[str, Any]:
    """The operator arguments: typed rules, and a wait that doubles."""
    return {
        "retries": retries.count,
        "retry_delay": datetime.timedelta(seconds=retries.delay_s),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": datetime.timedelta(seconds=retries.max_delay_s),
        "retry_policy": POLICY,
    }
