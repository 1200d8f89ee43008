"""What a corpus's jobs are told: the options of `python -m beam_jobs JOB`. Pure functions."""

from __future__ import annotations

import dataclasses
import datetime
import re
import zoneinfo
from typing import Any

from af3core.errors import ConfigurationError
from dags.corpus.corpus import Corpus, Runner
from schemas.jobs import job_named, options_of_job
from schemas.layout import WHOLE, Part
from schemas.options.option import OptionGroup, as_arguments, values_of

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")


def job_arguments(job: str, corpus: Corpus, since: str, until: str, run_id: str) -> list[str]:
    """The options of a job of a run over the archive days from `since` to `until`.

    Those that `plan` recorded are repeated: a night that 0.1.0 planned has no record.
    """
    values = option_values(corpus) | {
        "source": corpus.source,
        "out": corpus.out,
        "corpus": corpus.name,
        "since": since,
        "until": until,
        "run_id": run_id,
    }
    return as_arguments(values, options_of_job(job_named(job), accepted=True))


def option_values(settings: OptionGroup) -> dict[str, Any]:
    """The options of a site's settings by name, those of their sections included."""
    values = {known.name: value for known, value in values_of(settings)}
    for field in dataclasses.fields(settings):
        section = getattr(settings, field.name)
        if isinstance(section, OptionGroup):
            values |= option_values(section)
    return values


def beam_arguments(corpus: Corpus, job: str) -> list[str]:
    """Beam's own options of a job of a corpus."""
    return runner_options(corpus.runner, job)


def asks_model(job: str) -> bool:
    """Whether a job needs a GPU: it asks the model."""
    return job_named(job).needs_gpu


def runner_options(runner: Runner, job: str) -> list[str]:
    """Beam's own options of a job: of the GPU jobs where it asks the model, else of the CPU jobs.

    An empty value stands for an option that takes none, such as `no_use_public_ips`.
    """
    options = runner.gpu_options if asks_model(job) else runner.cpu_options
    return [f"--{name}={value}" if value else f"--{name}" for name, value in options.items()]


def part_option(part: Part) -> list[str]:
    """The option by which a job does one part of its work; none where it does all."""
    number, count = part
    return [] if part == WHOLE else [f"--part={number}/{count}"]


def part_name(part: Part) -> str:
    """A part as people count."""
    number, count = part
    return f"part {number + 1} of {count}"


def archive_day(
    partition_key: str | None, given: str | None, timezone: str, run_after: datetime.datetime
) -> str:
    """The archive day of a run, YYYY-MM-DD: its partition, else the day given, else the day before
    it was triggered (`run_after`), however late its tasks begin.

    A partition comes first, so that a parameter cannot turn a backfill of a week into seven runs
    over one day.

    Raises:
        ConfigurationError: the day given is none.
    """
    day = partition_key or given
    if day is None:
        today = run_after.astimezone(zoneinfo.ZoneInfo(timezone)).date()
        return (today - datetime.timedelta(days=1)).isoformat()
    try:
        return datetime.date.fromisoformat(day).isoformat()
    except ValueError as error:
        raise ConfigurationError(f"day {day!r} is none; write YYYY-MM-DD") from error


def week_of(
    partition_key: str | None, timezone: str, run_after: datetime.datetime
) -> tuple[str, str]:
    """Monday and Sunday of the week that a weekly partition names: `2026-11-02 (W45)`.

    A run by hand names none: its week is the one before that in which it was triggered.
    """
    if partition_key is None:
        today = run_after.astimezone(zoneinfo.ZoneInfo(timezone)).date()
        monday = today - datetime.timedelta(days=today.weekday() + 7)
    else:
        monday = datetime.date.fromisoformat(partition_key[:10])
    return monday.isoformat(), (monday + datetime.timedelta(days=6)).isoformat()


def run_name(dag_run_id: str) -> str:
    """Airflow's name of a run as a name for objects."""
    return _NOT_IN_NAMES.sub("-", dag_run_id).strip("-")
