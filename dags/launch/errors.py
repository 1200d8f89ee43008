"""How a job fails, by what is to be done: the retry rules go by these types."""

from __future__ import annotations

from collections.abc import Callable

from airflow.sdk.exceptions import AirflowException

from schemas.reports import WAITING_EXIT_CODE, JobReport


class JobError(AirflowException):
    """A job that did not end well."""


class JobMisconfigured(JobError):
    """A wrong option, corpus file or checkpoint: mend it; trying again is pointless."""


class JobRefused(JobError):
    """The input is at fault, or the audit stopped the night: trying again is pointless."""


class JobFailed(JobError):
    """Something that may pass, such as storage or a server that does not answer."""


class JobWaits(JobFailed):
    """All else is done, and some pieces wait for a machine's sake: another attempt may do them."""


class JobLost(JobError):
    """The job ended without a word: killed, out of memory, or its machine is gone."""


class JobLeft(JobLost):
    """The job goes on: this attempt lost Airflow, and the next one looks after it."""


def check_report(report: JobReport, is_last_attempt: Callable[[], bool]) -> None:
    """Raise what an unsuccessful job's report stands for.

    Pieces that wait are tried again as long as there are attempts; then the run goes on to its
    audit, which holds them against what may wait. Whether this attempt is the last is asked there
    alone: Airflow's server answers it.

    Raises:
        JobError: its type says whether another attempt may help.
    """
    is_left_waiting = report.exit_code == WAITING_EXIT_CODE and is_last_attempt()
    if report.exit_code and not is_left_waiting:
        raise error_of(report)


def error_of(report: JobReport) -> JobError:
    """The error that a report of an unsuccessful job stands for."""
    text = f"{report.job}: {report.error_class}: {report.message}"
    if report.exit_code == WAITING_EXIT_CODE:
        return JobWaits(text)
    if report.exit_code == 2:
        return JobMisconfigured(text)
    return JobRefused(text) if report.permanent else JobFailed(text)
