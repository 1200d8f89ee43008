"""What is tried again: by the type of the error, not by hope."""

from __future__ import annotations

import datetime
import math
from typing import Any

from airflow.sdk import RetryAction, RetryRule

from af3core.errors import ConfigurationError
from dags.corpus.corpus import Retries
from dags.launch.attempts import WorkRetryPolicy
from dags.launch.errors import JobFailed, JobLost, JobMisconfigured, JobRefused

RULES = [
    RetryRule(
        [JobMisconfigured, ConfigurationError],
        RetryAction.FAIL,
        reason="a wrong setting: mend it first",
    ),
    RetryRule(JobRefused, RetryAction.FAIL, reason="the same input is refused again"),
    RetryRule(JobLost, RetryAction.RETRY, reason="capacity was lost: backing off"),
    RetryRule(JobFailed, RetryAction.RETRY, reason="it may pass: backing off"),
]
UNANSWERED_S = 30.0
"""How long an attempt asks for a server that does not answer: five times, by Airflow's defaults."""
OTHER_LOSSES = 5
"""Attempts that Airflow loses for another reason: a machine, a supervisor, its memory."""


def retry_arguments(retries: Retries) -> dict[str, Any]:
    """The operator arguments: typed rules, attempts for the work, and others for what is lost."""
    return {
        "retries": retries.count + losses(retries),
        "retry_delay": datetime.timedelta(seconds=retries.delay_s),
        "retry_policy": WorkRetryPolicy(RULES, retries.count, retries.delay_s, retries.max_delay_s),
        "control_plane_grace_min": retries.control_plane_grace_min,
    }


def losses(retries: Retries) -> int:
    """How many attempts Airflow may lose: as many as begin and fail while its server is away for
    the whole grace, and a few more. Pure.
    """
    outage = retries.control_plane_grace_min * 60 / (retries.delay_s + UNANSWERED_S)
    return math.ceil(outage) + OTHER_LOSSES
