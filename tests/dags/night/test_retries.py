"""Which errors are tried again."""

from __future__ import annotations

import pytest
from airflow.sdk import RetryAction

from af3core.errors import ConfigurationError
from dags.corpus.corpus import Retries
from dags.launch.errors import (
    JobFailed,
    JobLost,
    JobMisconfigured,
    JobRefused,
    JobWaits,
    error_of,
)
from dags.night.retries import POLICY, retry_arguments
from schemas.reports import JobReport


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (JobMisconfigured("x"), RetryAction.FAIL),
        (ConfigurationError("x"), RetryAction.FAIL),
        (JobRefused("x"), RetryAction.FAIL),
        (JobLost("x"), RetryAction.RETRY),
        (JobFailed("x"), RetryAction.RETRY),
        (JobWaits("x"), RetryAction.RETRY),
        (ValueError("x"), RetryAction.DEFAULT),
    ],
)
def test_what_is_tried_again(error: Exception, action: RetryAction) -> None:
    assert POLICY.evaluate(error, 1, 3).action is action


def test_the_wait_doubles_up_to_its_limit() -> None:
    arguments = retry_arguments(Retries(count=5, delay_s=30, max_delay_s=600))
    assert arguments["retries"] == 5
    assert arguments["retry_delay"].total_seconds() == 30
    assert arguments["retry_exponential_backoff"] == 2.0
    assert arguments["max_retry_delay"].total_seconds() == 600


@pytest.mark.parametrize(
    ("exit_code", "permanent", "kind"),
    [
        (2, True, JobMisconfigured),
        (1, True, JobRefused),
        (1, False, JobFailed),
        (3, False, JobWaits),
    ],
)
def test_a_reports_ending_has_its_type(exit_code: int, permanent: bool, kind: type) -> None:
    report = JobReport(
        "audit", "r", "c", "d", "d", "t", 1.0, exit_code, "AuditFailed", "too many", permanent
    )
    assert type(error_of(report)) is kind
    assert str(error_of(report)) == "audit: AuditFailed: too many"
