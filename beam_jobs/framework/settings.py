"""What a job was told: its own options, checked before any work, and what they resolve to."""

from __future__ import annotations

import argparse
import datetime
import functools
import re
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from af3core.audio.cut_points import LONGEST_CLIP_S, Segmentation, segmentation_of
from af3core.errors import ConfigurationError
from af3core.model.audio_limits import WINDOW_S, AudioLimit
from af3core.model.engines.engine_registry import EngineSettings
from af3core.model.weights.checkpoint import (
    Checkpoint,
    find_checkpoint,
    served_checkpoint,
)
from af3core.model.weights.think_pair import check_options, in_words_of_think_model
from af3core.speech.voice import VoiceSettings
from af3core.storage.address import is_bucket, open_store, read_text_at, store_at
from af3core.storage.listing import holds_anything
from af3core.storage.store import Store
from af3core.tasks.task import Task, default_tasks, read_tasks
from beam_jobs.framework.command_line import read_group
from beam_jobs.framework.outputs import check_apart
from beam_jobs.framework.recorded_plan import find_plan, recorded_groups, recorded_tasks
from beam_jobs.framework.source import check_source
from beam_jobs.output.next_command import af3
from schemas.identity import configuration_hash
from schemas.jobs import Job
from schemas.layout import WHOLE, Part, manifest_prefix
from schemas.options.archive import Interval, RecordingLimit, Results, Source
from schemas.options.derive import (
    ATTENTION,
    WRITER_KEY_VARIABLE,
    Aligning,
    Questions,
    Recordings,
    Speech,
    Writer,
)
from schemas.options.evaluation import JUDGE_KEY_VARIABLE, Accepted, BenchmarkChoice, Judge
from schemas.options.night import (
    AUTO,
    DEFAULT_PROMPT_FORM,
    DEFAULT_SERVED_AUDIO_S,
    LOW_BIT,
    Batching,
    BatchingName,
    Compute,
    Cutting,
    Endpoint,
    GpuProcesses,
    Model,
    Run,
    Split,
    Tasks,
)
from schemas.options.option import OptionGroup

FIRST_DATE, LAST_DATE = "0001-01-01", "9999-12-31"
_CORPUS = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_RUN_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,249}")

Group = TypeVar("Group", bound=OptionGroup)


@dataclass(frozen=True)
class JobSettings:
    """What a job was told. It holds the option groups that the job takes, and no others.

    Attributes:
        out, corpus: where results lie, and the corpus's name.
        since, until: first and last archive day.
        run_id, started_at: of this run.
        groups: the option groups.
        tasks: resolved; none where the job has no tasks.
        audio_model: the engine with its model; None where the job needs none.
        language_model: the served writer or judge; None where none was named.
    """

    job: Job
    out: str
    corpus: str
    since: str
    until: str
    run_id: str
    started_at: str
    groups: tuple[OptionGroup, ...]
    tasks: tuple[Task, ...] = ()
    audio_model: EngineSettings | None = None
    language_model: EngineSettings | None = None

    def __getitem__(self, group: type[Group]) -> Group:
        """A group of options.

        Raises:
            KeyError: the job does not take it.
        """
        for held in self.groups:
            if isinstance(held, group):
                return held
        raise KeyError(f"{self.job.name} takes no options {group.__name__}")

    @functools.cached_property
    def store(self) -> Store:
        """The store of the results, opened once."""
        return open_store(self.out)

    def __getstate__(self) -> dict[str, Any]:
        """For workers: they open the store themselves."""
        return {name: value for name, value in vars(self).items() if name != "store"}

    @property
    def engine(self) -> EngineSettings:
        """The audio model's engine.

        Raises:
            KeyError: the job needs no model, and has resolved none.
        """
        if self.audio_model is None:
            raise KeyError(f"{self.job.name} takes no model")
        return self.audio_model

    @property
    def checkpoint(self) -> Checkpoint:
        return self.engine.checkpoint

    @property
    def writer(self) -> EngineSettings:
        """What writes texts without hearing: a language model's server, or the model's decoder."""
        return self.language_model or self.engine

    @property
    def source(self) -> str:
        return self[Source].source

    @property
    def segmentation(self) -> Segmentation:
        return segmentation_of(self[Cutting])

    @property
    def segmentation_hash(self) -> str:
        return configuration_hash(self.segmentation)

    @property
    def max_recording_s(self) -> float:
        return self[RecordingLimit].max_recording_h * 3600

    @property
    def asks_model(self) -> bool:
        """Its job asks the audio model, or its aligner is the audio model."""
        return self.job.needs_gpu or (_has(self, Aligning) and self[Aligning].aligner == ATTENTION)

    @property
    def part(self) -> Part:
        """The part of the work that this run does."""
        return read_part(self[Split].part) if self.job.splits else WHOLE

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


def read_settings(namespace: argparse.Namespace, job: Job) -> JobSettings:
    """Check every option of a job, and resolve what it needs.

    Raises:
        ConfigurationError: one clear line on the first wrong option.
    """
    results, run = read_group(Results, namespace), read_group(Run, namespace)
    if not results.out:
        raise ConfigurationError("--out is missing: name the folder for the tables")
    if job.needs_source and not read_group(Source, namespace).source:
        raise ConfigurationError("SOURCE is missing: name the folder of recordings")
    if BenchmarkChoice in job.options:
        results = _of_benchmark(results, namespace)
    if not _CORPUS.fullmatch(results.corpus):
        raise ConfigurationError(
            f"--corpus {results.corpus}: lower-case letters, digits, - and _, at most 63"
        )
    if run.run_id is not None and not _RUN_ID.fullmatch(run.run_id):
        raise ConfigurationError(
            f"--run-id {run.run_id}: letters, digits, _, - and dots, no dot first"
        )
    since, until = FIRST_DATE, LAST_DATE
    if Interval in job.options:
        since, until = interval_of(read_group(Interval, namespace))
    now = datetime.datetime.now(datetime.UTC)
    settings = JobSettings(
        job=job,
        out=_out(results.out),
        corpus=results.corpus,
        since=since,
        until=until,
        run_id=run.run_id or f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        started_at=now.isoformat(timespec="milliseconds"),
        groups=tuple(_checked(read_group(group, namespace)) for group in job.options),
    )
    if job.needs_source:
        settings = _with_source(settings)
    if job.reads_plan:
        return _after_plan(settings, namespace)
    return _resolved(settings)


def _with_source(settings: JobSettings) -> JobSettings:
    """Settings whose archive was looked at."""

    def was_planned() -> bool:
        prefix = manifest_prefix(settings.corpus)
        return bool(store_at(settings.out).children(prefix))

    source = Source(source=check_source(settings.source, was_planned))
    check_apart(source.source, settings.out)
    others = (source if isinstance(group, Source) else group for group in settings.groups)
    return replace(settings, groups=tuple(others))


def _resolved(settings: JobSettings) -> JobSettings:
    """Settings with their tasks and models, found by their options."""
    groups = {type(group) for group in settings.groups}
    settings = replace(
        settings,
        tasks=_tasks(settings) if Tasks in groups else (),
        audio_model=_audio_model(settings)
        if settings.job.model != "none" or settings.asks_model
        else None,
        language_model=_language_model(settings, groups),
    )
    return _with_clip_length(settings) if Cutting in groups else settings


def _with_clip_length(settings: JobSettings) -> JobSettings:
    """Settings whose longest clip is a length that the model hears.

    Raises:
        ConfigurationError: the model hears less.
    """
    cut = settings[Cutting]
    engine = settings.audio_model
    if engine is None and not isinstance(cut.max_clip_s, str):
        return settings  # it was looked at where the night was planned
    engine = engine or _audio_model(settings)
    longest_s, name = engine.checkpoint.limit.max_s, engine.checkpoint.name
    if isinstance(cut.max_clip_s, str):
        length = replace(cut, max_clip_s=min(float(longest_s), LONGEST_CLIP_S))
        others = (length if isinstance(group, Cutting) else group for group in settings.groups)
        return replace(settings, groups=tuple(others))
    if cut.max_clip_s > longest_s:
        served = (
            "; where it hears more, say so with --max-audio-s" if engine.name == "openai" else ""
        )
        raise ConfigurationError(
            f"--max-clip-s {cut.max_clip_s:g}: {name} hears at most {longest_s} s; take auto, or a"
            f" shorter length{served}"
        )
    return settings


def _after_plan(settings: JobSettings, namespace: argparse.Namespace) -> JobSettings:
    """Settings with what `plan` recorded of the interval; without a record, what was given counts:
    0.1.0 recorded nothing.

    Raises:
        ConfigurationError: an option contradicts the record, or the model is another now.
    """
    plan = find_plan(store_at(settings.out), settings.corpus, settings.since, settings.until)
    recorded = (_checked(group) for group in recorded_groups(namespace, plan))
    groups = (*settings.groups, *recorded)
    settings = _resolved(replace(settings, groups=groups))
    if plan is None:
        return settings
    if settings.audio_model and settings.checkpoint.revision != plan.weights_revision:
        raise ConfigurationError(
            f"--model {settings[Model].model}: its weights are {settings.checkpoint.revision[:12]}"
            f" now, and af3 plan recorded {plan.weights_revision[:12]}; run {af3('plan')} again, or"
            " pin them with --model-revision"
        )
    is_auto = read_group(Cutting, namespace).max_clip_s == AUTO
    if (
        is_auto
        and settings.audio_model
        and settings[Cutting].max_clip_s
        != min(float(settings.checkpoint.limit.max_s), LONGEST_CLIP_S)
    ):
        raise ConfigurationError(
            f"--max-clip-s auto: af3 plan recorded {settings[Cutting].max_clip_s:g}; leave it out,"
            f" or run {af3('plan')} again with it"
        )
    return replace(settings, tasks=recorded_tasks(settings[Tasks], settings.tasks, plan))


def _of_benchmark(results: Results, namespace: argparse.Namespace) -> Results:
    """Where an evaluation's report lies: below its benchmark, if no corpus is named."""
    benchmark = read_group(BenchmarkChoice, namespace).benchmark
    if not benchmark:
        raise ConfigurationError("BENCHMARK is missing: name one that af3 evaluate list shows")
    return results if namespace.corpus else replace(results, corpus=benchmark)


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


def _out(address: str) -> str:
    """Where results lie; a bucket is looked at once: a wrong name is said before any work."""
    if is_bucket(address):
        holds_anything(address)
        return address.rstrip("/")
    return str(Path(address).absolute())


def _checked(group: OptionGroup) -> OptionGroup:
    """A group whose values are looked at beyond their own rules."""
    match group:
        case Cutting():
            segmentation_of(group)
        case Split():
            read_part(group.part)
        case Questions():
            return _with_questions_of_file(group)
        case Speech():
            _check_speech(group)
        case Recordings() if not all(group.recording):
            raise ConfigurationError("--voice and --recording need a name")
        case Accepted() if group.accepted_in:
            is_bucket(group.accepted_in)  # another scheme is said before any work
    return group


def _with_questions_of_file(group: Questions) -> Questions:
    asked = list(group.question)
    if group.questions:
        listed = read_text_at(group.questions, "a file of questions")
        asked += [line.strip() for line in listed.splitlines() if line.strip()]
    return replace(group, question=tuple(dict.fromkeys(asked)))


def _check_speech(group: Speech) -> None:
    if group.voice == "":
        raise ConfigurationError("--voice and --recording need a name")
    try:
        voice_settings(group)
    except ConfigurationError as error:
        raise ConfigurationError(f"--{error}") from error


def voice_settings(speech: Speech) -> VoiceSettings:
    """As whom a voice speaks, and how fast.

    Raises:
        ConfigurationError: a speed at which no voice speaks.
    """
    return VoiceSettings(speech.speaker or "", 1.0 if speech.speed is None else speech.speed)


def _audio_model(settings: JobSettings) -> EngineSettings:
    model = settings[Model]
    compute = settings[Compute] if _has(settings, Compute) else Compute()
    served = settings[Endpoint] if _has(settings, Endpoint) else Endpoint()
    endpoint = served.endpoint
    check_options(model.engine, model.think_model, model.think_model_revision)
    if model.dtype in LOW_BIT and model.engine != "af3":
        raise ConfigurationError(f"--dtype {model.dtype} is of --engine af3, not of {model.engine}")
    if model.engine == "openai":
        if not endpoint and settings.asks_model:
            raise ConfigurationError("--engine openai needs --endpoint, such as http://gpu:8000/v1")
        if model.prompt_form != DEFAULT_PROMPT_FORM:
            raise ConfigurationError(
                f"--prompt-form {model.prompt_form} is of --engine af3 and transformers, not of"
                " openai: a server puts sounds and words together by itself"
            )
        limit = AudioLimit.declared(model.max_audio_s, WINDOW_S)
        checkpoint = served_checkpoint(model.model, model.model_revision, limit)
    elif model.max_audio_s != DEFAULT_SERVED_AUDIO_S:
        raise ConfigurationError(
            f"--max-audio-s {model.max_audio_s:g} is of --engine openai, not of {model.engine}:"
            " what a model hears here stands in its processor's configuration"
        )
    elif endpoint or served.server != Endpoint().server:
        name = "--endpoint" if endpoint else "--server"
        raise ConfigurationError(f"{name} is of --engine openai, not of {model.engine}")
    else:
        checkpoint = find_checkpoint(
            model.model, model.model_revision, with_weights=settings.asks_model
        )
    if model.think_model:
        checkpoint = _with_think(checkpoint, model, with_weights=settings.asks_model)
    return EngineSettings(
        name=model.engine,
        checkpoint=checkpoint,
        dtype=model.dtype,
        device=_device(settings, compute),
        batch_tokens=compute.batch_tokens,
        endpoint=endpoint or "",
        server=served.server,
        prompt_form=model.prompt_form,
        batching=_batching(settings),
    )


def _batching(settings: JobSettings) -> BatchingName:
    return settings[Batching].batching if _has(settings, Batching) else "clip"


def _device(settings: JobSettings, compute: Compute) -> str:
    """What the model runs on: whoever asks for GPUs is not answered by a CPU in silence."""
    asks_for_gpus = _has(settings, GpuProcesses) and settings[GpuProcesses].gpus is not None
    return "cuda" if compute.device == "auto" and asks_for_gpus else compute.device


def _with_think(checkpoint: Checkpoint, model: Model, *, with_weights: bool) -> Checkpoint:
    """The model with the whole checkpoint that thinks beside it."""
    assert model.think_model is not None
    name, revision = model.think_model, model.think_model_revision
    with in_words_of_think_model():
        think = find_checkpoint(name, revision, with_weights=with_weights)
    return checkpoint.with_think(think)


def _language_model(settings: JobSettings, groups: set[type[OptionGroup]]) -> EngineSettings | None:
    """The writer or the judge at a server, as two options name it."""
    if Writer in groups:
        writer = settings[Writer]
        role, name, endpoint = "writer", writer.writer, writer.writer_endpoint
        key_variable, server = WRITER_KEY_VARIABLE, writer.writer_server
    elif Judge in groups:
        judge = settings[Judge]
        role, name, endpoint = "judge", judge.judge, judge.judge_endpoint
        key_variable, server = JUDGE_KEY_VARIABLE, judge.judge_server
    else:
        return None
    if bool(name) != bool(endpoint):
        raise ConfigurationError(
            f"--{role} and --{role}-endpoint go together: the model's name, and the server's"
            " address"
        )
    if not name or not endpoint:
        return None
    return EngineSettings(
        name="openai",
        checkpoint=served_checkpoint(name, None),
        dtype="float32",
        device="auto",
        batch_tokens=settings[Compute].batch_tokens,
        endpoint=endpoint,
        key_variable=key_variable,
        server=server,
        batching=_batching(settings),
    )


def interval_of(given: Interval) -> tuple[str, str]:
    """The first and the last day that are named; where none is, of all days.

    Raises:
        ConfigurationError: a day is none, or they contradict each other.
    """
    if given.date and (given.since or given.until):
        raise ConfigurationError("--date stands for one day: leave --since and --until out")
    if given.date:
        date = _day("--date", given.date)
        return date, date
    since = _day("--since", given.since or FIRST_DATE)
    until = _day("--until", given.until or LAST_DATE)
    if since > until:
        raise ConfigurationError(f"--since {since} lies after --until {until}")
    return since, until


def _day(option: str, value: str) -> str:
    try:
        return datetime.date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise ConfigurationError(f"{option} {value}: no day; write YYYY-MM-DD") from error


def _tasks(settings: JobSettings) -> tuple[Task, ...]:
    """The configured tasks. A served model gives no states to find examples by; by captions alone
    the same task would find others, or none where a segment has no caption yet.
    """
    tasks = chosen_tasks(settings[Tasks])
    wanting = [task.task_id for task in tasks if task.examples]
    if wanting and _has(settings, Model) and settings[Model].engine == "openai":
        raise ConfigurationError(
            f"task {wanting[0]}: examples are found by the model's own hearing, and --engine openai"
            " gives none; leave examples out, or use --engine af3"
        )
    return tasks


def chosen_tasks(given: Tasks) -> tuple[Task, ...]:
    """The tasks of the file or the built-in ones, those of `only`, and what is asked besides.

    Raises:
        ConfigurationError: the file is wrong, a name is unknown or stands twice.
    """
    tasks = read_tasks(given.tasks) if given.tasks else default_tasks()
    if given.only:
        known = {task.task_id: task for task in tasks}
        only = [name for names in given.only for name in names.split(",")]
        for name in only:
            if name not in known:
                raise ConfigurationError(
                    f"--only {name}: unknown task; known are {', '.join(known)}"
                )
        tasks = tuple(task for task in tasks if task.task_id in only)
    for name, question in given.ask.items():
        if any(task.task_id == name for task in tasks):
            raise ConfigurationError(f"--ask {name}: there is a task of this name already")
        tasks += (Task(name, "question", question, max_new_tokens=48),)
    return tasks


def _has(settings: JobSettings, group: type[OptionGroup]) -> bool:
    return any(isinstance(held, group) for held in settings.groups)
