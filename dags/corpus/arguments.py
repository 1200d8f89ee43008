"""What a corpus's jobs are told: the options of `python -m beam_jobs.JOB`. Pure functions."""

from __future__ import annotations

import datetime
import re
import zoneinfo
from collections.abc import Mapping

from af3core.errors import ConfigurationError
from dags.corpus.corpus import DERIVED_JOBS, DERIVED_WITHOUT_MODEL, Corpus, Runner
from schemas.layout import WHOLE, Part

_ASKING = {"annotate", *DERIVED_JOBS, "evaluate"} - {*DERIVED_WITHOUT_MODEL}
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")


def job_arguments(corpus: Corpus, since: str, until: str, run_id: str) -> list[str]:
    """The options of every job of a run over the archive days from `since` to `until`."""
    model, cutting, limits = corpus.model, corpus.cutting, corpus.limits
    derive = corpus.derive
    options: dict[str, object] = {
        "source": corpus.source,
        "out": corpus.out,
        "corpus": corpus.name,
        "since": since,
        "until": until,
        "date-from": corpus.date_from,
        "max-recording-h": limits.max_recording_h,
        "max-clip-s": cutting.max_clip_s,
        "max-segment-s": cutting.max_segment_s,
        "target-segment-s": cutting.target_segment_s,
        "silence-dbfs": cutting.silence_dbfs,
        "model": model.name,
        "model-revision": model.revision,
        "tasks": corpus.tasks,
        "engine": model.engine,
        "endpoint": model.endpoint,
        "dtype": model.dtype,
        "device": model.device,
        "batch-tokens": model.batch_tokens,
        "max-gpu-hours": limits.max_gpu_hours,
        "gpu-price": limits.gpu_price,
        "gpu-rate": limits.gpu_rate,
        "max-failed-share": limits.max_failed_share,
        "max-flagged-share": limits.max_flagged_share,
        "skill": ",".join(derive.skills) or None,
        "writer": derive.writer,
        "writer-endpoint": derive.writer_endpoint,
        "questions": derive.questions,
        "voice": derive.voice,
        "speaker": derive.speaker,
        "speed": derive.speed,
        "shards": corpus.shards,
        "run-id": run_id,
    }
    arguments = as_options(options)
    arguments += [f"--only={task}" for task in corpus.only]
    arguments += [f"--ask={name}={question}" for name, question in corpus.ask.items()]
    return arguments


def as_options(values: Mapping[str, object]) -> list[str]:
    """Options by name as a command line has them; None is left out."""
    return [f"--{name}={_text(value)}" for name, value in values.items() if value is not None]


def beam_arguments(corpus: Corpus, job: str) -> list[str]:
    """Beam's own options of a job of a corpus."""
    return runner_options(corpus.runner, job)


def asks_model(job: str) -> bool:
    """Whether a job needs a GPU: it asks the model."""
    return job in _ASKING


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
    partition_key: str | None, given: str | None, timezone: str, now: datetime.datetime
) -> str:
    """The archive day of a run, YYYY-MM-DD: its partition, else the day given, else yesterday.

    A partition comes first, so that a parameter cannot turn a backfill of a week into seven runs
    over one day.

    Raises:
        ConfigurationError: the day given is none.
    """
    day = partition_key or given
    if day is None:
        today = now.astimezone(zoneinfo.ZoneInfo(timezone)).date()
        return (today - datetime.timedelta(days=1)).isoformat()
    try:
        return datetime.date.fromisoformat(day).isoformat()
    except ValueError as error:
        raise ConfigurationError(f"day {day!r} is none; write YYYY-MM-DD") from error


def week_of(partition_key: str) -> tuple[str, str]:
    """Monday and Sunday of the week that a weekly partition names: `2026-11-02 (W45)`."""
    monday = datetime.date.fromisoformat(partition_key[:10])
    return monday.isoformat(), (monday + datetime.timedelta(days=6)).isoformat()


def run_name(dag_run_id: str) -> str:
    """Airflow's name of a run as a name for objects."""
    return _NOT_IN_NAMES.sub("-", dag_run_id).strip("-")


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
