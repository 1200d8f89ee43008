"""A job's settings as its command line gives them."""

from __future__ import annotations

from beam_jobs.framework.job import job_parser
from beam_jobs.framework.settings import JobSettings, read_settings
from schemas.jobs import JobName, job_named


def settings_for(name: JobName, *options: object) -> JobSettings:
    """The settings of a job that is given these options."""
    job = job_named(name)
    return read_settings(job_parser(job).parse_args([str(option) for option in options]), job)


def planned(settings: JobSettings, name: JobName, *options: object) -> JobSettings:
    """The settings of a job behind the plan that these settings recorded."""
    place = ("--out", settings.out, "--corpus", settings.corpus, "--run-id", settings.run_id)
    interval = ("--since", settings.since, "--until", settings.until)
    return settings_for(name, *place, *interval, *options)
