"""How a job fails, by what is to be done: the retry rules go by these types."""

from __future__ import annotations

from airflow.sdk.exceptions import AirflowException

from schemas.reports import JobReport


class JobError(AirflowException):
    """A job that did not end well."""


class JobMisconfigured(JobError):
    """A wrong option, corpus file or checkpoint: mend it; trying again is pointless."""


class JobRefused(JobError):
    """The input is at fault, or the audit stopped the night: trying again is pointless."""


class JobFailed(JobError):
    """Something that may pass, such as storage or a server that does not answer."""


class JobLost(JobError):
    """The job ended without a word: killed, out of memory, or its machine is gone."""


def error_of(report: JobReport) -> JobError:
    """The error that a report of an unsuccessful job stands for."""
    text = f"{report.job}: {report.error_class}: {report.message}"
    if report.exit_code == 2:
        return JobMisconfigured(text)
    return JobRefused(text) if report.permanent else JobFailed(text)
