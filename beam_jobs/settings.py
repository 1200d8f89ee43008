"""The resolved settings of a night: read once from options, checked before any work."""

from __future__ import annotations

import argparse
import datetime
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from af3core.audio.cut import Segmentation
from af3core.errors import ConfigurationError
from af3core.limits import Limits
from af3core.model.checkpoint import AF3_TYPE, Checkpoint, find_checkpoint, served_checkpoint
from af3core.model.engines import EngineSettings
from af3core.storage.address import is_bucket
from af3core.storage.listing import holds_anything
from af3core.tasks.read import default_tasks, read_tasks
from af3core.tasks.task import Task
from beam_jobs.accepting import Accepting, read_accepting
from beam_jobs.archive import DateRule, check_source
from beam_jobs.deriving import Deriving, read_deriving
from beam_jobs.describing import Describing, read_describing
from beam_jobs.evaluating import Evaluating, read_evaluating
from beam_jobs.job_names import WITH_SOURCE, WITH_WEIGHTS, WITHOUT_MODEL, JobName
from schemas.identity import configuration_hash
from schemas.layout import WHOLE, Part

FIRST_DATE, LAST_DATE = "0001-01-01", "9999-12-31"
_CORPUS = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_RUN_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,249}")
_ASKED = re.compile(r"([a-z][a-z0-9_]*)=(.+)", re.DOTALL)


@dataclass(frozen=True)
class NightSettings:
    """Everything that decides what a night does, but for Beam's own options."""

    source: str
    out: str
    corpus: str
    since: str
    until: str
    date_from: DateRule
    segmentation: Segmentation
    tasks: tuple[Task, ...]
    asking: EngineSettings | None
    shards: int
    limits: Limits
    run_id: str
    started_at: str
    part: Part = WHOLE
    accelerator: str = ""
    deriving: Deriving = field(default_factory=Deriving)
    describing: Describing = field(default_factory=Describing)
    evaluating: Evaluating = field(default_factory=Evaluating)
    accepting: Accepting = field(default_factory=Accepting)

    @property
    def max_recording_s(self) -> float:
        return self.limits.max_recording_h * 3600

    @property
    def segmentation_hash(self) -> str:
        return configuration_hash(self.segmentation)

    @property
    def engine(self) -> EngineSettings:
        """The engine with its model; discover and segment resolve none, so that they fetch none."""
        if self.asking is None:
            raise ConfigurationError("these settings were read for a job without a model")
        return self.asking

    @property
    def checkpoint(self) -> Checkpoint:
        return self.engine.checkpoint

    @property
    def writer(self) -> EngineSettings:
        """What writes texts without hearing: a language model's server, or the model's decoder."""
        return self.deriving.writer or self.engine

    def task_hashes(self) -> dict[str, Task]:
        """The configured tasks by their identity."""
        return {task.task_hash(self.engine.identity): task for task in self.tasks}

    def explicit_dates(self) -> list[str]:
        """The dates of a closed interval; none where an end is open."""
        if self.since == FIRST_DATE or self.until == LAST_DATE:
            return []
        first = datetime.date.fromisoformat(self.since)
        last = datetime.date.fromisoformat(self.until)
        days = range((last - first).days + 1)
        return [(first + datetime.timedelta(days=d)).isoformat() for d in days]


def read_settings(arguments: argparse.Namespace, job: JobName) -> NightSettings:
    """Check every option, and resolve the model where the job needs one.

    Raises:
        ConfigurationError: one clear line on the first wrong option.
    """
    if not arguments.out:
        raise ConfigurationError("--out is missing: name the folder for the tables")
    if job in WITH_SOURCE and not arguments.source:
        raise ConfigurationError("SOURCE is missing: name the folder of recordings")
    if not _CORPUS.fullmatch(arguments.corpus):
        raise ConfigurationError(
            f"--corpus {arguments.corpus}: lower-case letters, digits, - and _, at most 63"
        )
    for option, value in (
        ("--batch-tokens", arguments.batch_tokens),
        ("--shards", arguments.shards),
    ):
        if value <= 0:
            raise ConfigurationError(f"{option} {value}: must be more than 0")
    if arguments.run_id is not None and not _RUN_ID.fullmatch(arguments.run_id):
        raise ConfigurationError(
            f"--run-id {arguments.run_id}: letters, digits, _, - and dots, no dot first"
        )
    since, until = _interval(arguments)
    now = datetime.datetime.now(datetime.UTC)
    return NightSettings(
        source=check_source(arguments.source) if arguments.source else "",
        out=_out(arguments.out),
        corpus=arguments.corpus,
        since=since,
        until=until,
        date_from=arguments.date_from,
        segmentation=Segmentation(
            max_clip_s=arguments.max_clip_s,
            max_segment_s=arguments.max_segment_s,
            target_segment_s=arguments.target_segment_s,
            silence_dbfs=arguments.silence_dbfs,
        ),
        tasks=_tasks(arguments),
        asking=None if job in WITHOUT_MODEL else _engine(arguments, job),
        shards=arguments.shards,
        limits=read_limits(arguments),
        run_id=arguments.run_id or f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        started_at=now.isoformat(timespec="milliseconds"),
        part=read_part(arguments.part),
        accelerator=arguments.accelerator or "",
        deriving=read_deriving(arguments),
        describing=read_describing(arguments),
        evaluating=read_evaluating(arguments),
        accepting=read_accepting(arguments),
    )


def _out(address: str) -> str:
    """Where results lie; a bucket is looked at once: a wrong name is said before any work."""
    if is_bucket(address):
        holds_anything(address)
        return address.rstrip("/")
    return str(Path(address).absolute())


def read_part(text: str | None) -> Part:
    """`2/8` as the part (2, 8): the third of eight.

    Raises:
        ConfigurationError: it is no part.
    """
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text) if text else None
    if text and not (match and int(match[1]) < int(match[2])):
        raise ConfigurationError(
            f"--part {text}: write NUMBER/COUNT with numbers from 0, such as 0/4 to 3/4"
        )
    return (int(match[1]), int(match[2])) if match else WHOLE


def read_limits(arguments: argparse.Namespace) -> Limits:
    """The limits among the options."""
    return Limits(
        max_recording_h=arguments.max_recording_h,
        max_gpu_hours=arguments.max_gpu_hours,
        gpu_price=arguments.gpu_price,
        gpu_rate=arguments.gpu_rate,
        max_failed_share=arguments.max_failed_share,
        max_flagged_share=arguments.max_flagged_share,
    )


def _engine(arguments: argparse.Namespace, job: JobName) -> EngineSettings:
    if arguments.engine == "openai":
        if not arguments.endpoint:
            raise ConfigurationError("--engine openai needs --endpoint, such as http://gpu:8000/v1")
        checkpoint = served_checkpoint(arguments.model, arguments.model_revision)
    elif arguments.endpoint:
        raise ConfigurationError(f"--endpoint is of --engine openai, not of {arguments.engine}")
    else:
        checkpoint = find_checkpoint(
            arguments.model, arguments.model_revision, with_weights=job in WITH_WEIGHTS
        )
    if checkpoint.model_type != AF3_TYPE and arguments.engine == "af3":
        raise ConfigurationError(
            f"--model {arguments.model}: {checkpoint.model_type} needs --engine transformers"
        )
    return EngineSettings(
        name=arguments.engine,
        checkpoint=checkpoint,
        dtype=arguments.dtype,
        device=arguments.device,
        batch_tokens=arguments.batch_tokens,
        endpoint=arguments.endpoint or "",
    )


def _interval(arguments: argparse.Namespace) -> tuple[str, str]:
    if arguments.date and (arguments.since or arguments.until):
        raise ConfigurationError("--date stands for one day: leave --since and --until out")
    if arguments.date:
        date = _day("--date", arguments.date)
        return date, date
    since = _day("--since", arguments.since or FIRST_DATE)
    until = _day("--until", arguments.until or LAST_DATE)
    if since > until:
        raise ConfigurationError(f"--since {since} lies after --until {until}")
    return since, until


def _day(option: str, value: str) -> str:
    try:
        return datetime.date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise ConfigurationError(f"{option} {value}: no day; write YYYY-MM-DD") from error


def _tasks(arguments: argparse.Namespace) -> tuple[Task, ...]:
    """The configured tasks. A served model gives no states to find examples by; by captions alone
    the same task would find others, or none where a segment has no caption yet.
    """
    tasks = _chosen_tasks(arguments)
    wanting = [task.task_id for task in tasks if task.examples]
    if wanting and arguments.engine == "openai":
        raise ConfigurationError(
            f"task {wanting[0]}: examples are found by the model's own hearing, and --engine openai"
            " gives none; leave examples out, or use --engine af3"
        )
    return tasks


def _chosen_tasks(arguments: argparse.Namespace) -> tuple[Task, ...]:
    tasks = read_tasks(arguments.tasks) if arguments.tasks else default_tasks()
    if arguments.only:
        known = {task.task_id: task for task in tasks}
        only = [name for given in arguments.only for name in given.split(",")]
        for name in only:
            if name not in known:
                raise ConfigurationError(
                    f"--only {name}: unknown task; known are {', '.join(known)}"
                )
        tasks = tuple(task for task in tasks if task.task_id in only)
    for asked in arguments.ask or []:
        match = _ASKED.fullmatch(asked)
        if not match:
            raise ConfigurationError(
                f'--ask {asked!r}: write NAME=QUESTION, as in mood="Is it sad?"'
            )
        if any(task.task_id == match[1] for task in tasks):
            raise ConfigurationError(f"--ask {match[1]}: there is a task of this name already")
        tasks += (Task(match[1], "question", match[2].strip(), max_new_tokens=48),)
    return tasks
