"""Which errors are tried again."""

from __future__ import annotations

import pytest
from airflow.sdk import RetryAction

from af3core.errors import ConfigurationError
from dags.corpus.corpus import Retries
from dags.launch.errors import (
    JobFailed,
    JobLeft,
    JobLost,
    JobMisconfigured,
    JobRefused,
    JobWaits,
    error_of,
)
from dags.night.retries import losses, retry_arguments
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
        (JobLeft("x"), RetryAction.RETRY),
        (ValueError("x"), RetryAction.RETRY),
    ],
)
def test_what_is_tried_again(error: Exception, action: RetryAction) -> None:
    policy = retry_arguments(Retries())["retry_policy"]
    assert policy.evaluate(error, 1, 28).action is action


def test_a_task_has_attempts_for_its_work_and_for_an_outage_of_the_whole_grace() -> None:
    arguments = retry_arguments(Retries(count=5, delay_s=30, max_delay_s=600))
    policy = arguments["retry_policy"]
    assert (policy.count, policy.delay_s, policy.max_delay_s) == (5, 30, 600)
    assert arguments["retry_delay"].total_seconds() == 30
    # an attempt a minute for half an hour, and five more
    assert (losses(Retries(delay_s=30)), arguments["retries"]) == (35, 40)
    assert retry_arguments(Retries())["retries"] == 28


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
