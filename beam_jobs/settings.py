"""The resolved settings of a night: read once from options, checked before any work."""

from __future__ import annotations

import argparse
import datetime
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from af3core.audio.cut import Segmentation
from af3core.errors import ConfigurationError
from af3core.model.checkpoint import (
    AF3_HUB_ID,
    AF3_TYPE,
    Checkpoint,
    find_checkpoint,
    served_checkpoint,
)
from af3core.model.engines import API_KEY_VARIABLE, ENGINE_NAMES, EngineSettings
from af3core.tasks.read import default_tasks, read_tasks
from af3core.tasks.task import Task
from beam_jobs.archive import DateRule, check_source
from schemas.identity import configuration_hash

Job = Literal["night", "discover", "segment", "annotate", "publish"]
_WITH_SOURCE: tuple[Job, ...] = ("night", "discover")
_WITHOUT_MODEL: tuple[Job, ...] = ("discover", "segment")

FIRST_DATE, LAST_DATE = "0001-01-01", "9999-12-31"
_CORPUS = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
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
    max_recording_s: float
    tasks: tuple[Task, ...]
    asking: EngineSettings | None
    shards: int
    run_id: str
    started_at: str

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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of all jobs. One command line serves every job of a night."""
    cut = Segmentation()
    archive = parser.add_argument_group("archive")
    archive.add_argument("--out", metavar="DIR", help="folder for tables, clips and ledger")
    archive.add_argument(
        "--corpus", default="default", metavar="NAME", help="name of the corpus (default: default)"
    )
    archive.add_argument("--date", metavar="DAY", help="one archive day, YYYY-MM-DD")
    archive.add_argument("--since", metavar="DAY", help="first archive day (default: all)")
    archive.add_argument("--until", metavar="DAY", help="last archive day (default: all)")
    archive.add_argument(
        "--date-from",
        choices=["auto", "path", "mtime"],
        default="auto",
        help="what dates an object: a date in its path, its last change, or the first of the"
        " two that there is (default: auto)",
    )
    archive.add_argument(
        "--max-recording-h",
        type=float,
        default=24.0,
        metavar="H",
        help="longer recordings become failures (default: 24)",
    )
    cutting = parser.add_argument_group("cutting")
    for option, default, text in (
        ("--max-clip-s", cut.max_clip_s, "longest clip, at most 600"),
        ("--max-segment-s", cut.max_segment_s, "longest segment, at most 30"),
        ("--target-segment-s", cut.target_segment_s, "what segment lengths tend to"),
        ("--silence-dbfs", cut.silence_dbfs, "below this level nothing is annotated"),
    ):
        cutting.add_argument(
            option, type=float, default=default, metavar="X", help=f"{text} (default: {default:g})"
        )
    asking = parser.add_argument_group("asking")
    asking.add_argument(
        "--model",
        default="nano",
        help="nano (embedded, a toy that knows only its synthetic world), a folder, or a hub id"
        f" such as {AF3_HUB_ID} (default: nano)",
    )
    asking.add_argument("--model-revision", metavar="REV", help="commit of a hub id to pin")
    asking.add_argument("--tasks", metavar="FILE", help="YAML file of tasks (default: built in)")
    asking.add_argument(
        "--only", action="append", metavar="TASK", help="only this task of the file; repeatable"
    )
    asking.add_argument(
        "--ask",
        action="append",
        metavar="NAME=QUESTION",
        help="one more open question; repeatable. Only what is new is asked",
    )
    asking.add_argument(
        "--engine",
        choices=ENGINE_NAMES,
        default="af3",
        help="af3 (ours, the fastest), transformers (its generate; Music Flamingo too), or openai"
        f" (a server such as vLLM; its key in {API_KEY_VARIABLE}) (default: af3)",
    )
    asking.add_argument(
        "--endpoint", metavar="URL", help="of --engine openai, such as http://gpu:8000/v1"
    )
    asking.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    asking.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    asking.add_argument(
        "--batch-tokens",
        type=int,
        default=65_536,
        metavar="N",
        help="tokens whose keys and values are held at once, 56 KiB each for AF3 in bfloat16;"
        " lower it where memory is short (default: 65536)",
    )
    publishing = parser.add_argument_group("publishing")
    publishing.add_argument(
        "--shards",
        type=int,
        default=1,
        metavar="N",
        help="objects per table and day; a day keeps the number it has (default: 1)",
    )
    publishing.add_argument("--run-id", metavar="ID", help="name of the run (default: made)")


def read_settings(arguments: argparse.Namespace, job: Job) -> NightSettings:
    """Check every option, and resolve the model where the job needs one.

    Raises:
        ConfigurationError: one clear line on the first wrong option.
    """
    if not arguments.out:
        raise ConfigurationError("--out is missing: name the folder for the tables")
    if job in _WITH_SOURCE and not arguments.source:
        raise ConfigurationError("SOURCE is missing: name the folder of recordings")
    if not _CORPUS.fullmatch(arguments.corpus):
        raise ConfigurationError(
            f"--corpus {arguments.corpus}: lower-case letters, digits, - and _, at most 63"
        )
    for option, value, least in (
        ("--max-recording-h", arguments.max_recording_h, 0),
        ("--batch-tokens", arguments.batch_tokens, 0),
        ("--shards", arguments.shards, 0),
    ):
        if value <= least:
            raise ConfigurationError(f"{option} {value}: must be more than {least}")
    since, until = _interval(arguments)
    now = datetime.datetime.now(datetime.UTC)
    return NightSettings(
        source=str(check_source(arguments.source)) if arguments.source else "",
        out=str(Path(arguments.out).absolute()) if "://" not in arguments.out else arguments.out,
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
        max_recording_s=arguments.max_recording_h * 3600,
        tasks=_tasks(arguments),
        asking=None if job in _WITHOUT_MODEL else _engine(arguments, job),
        shards=arguments.shards,
        run_id=arguments.run_id or f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        started_at=now.isoformat(timespec="milliseconds"),
    )


def _engine(arguments: argparse.Namespace, job: Job) -> EngineSettings:
    if arguments.engine == "openai":
        if not arguments.endpoint:
            raise ConfigurationError("--engine openai needs --endpoint, such as http://gpu:8000/v1")
        checkpoint = served_checkpoint(arguments.model, arguments.model_revision)
    elif arguments.endpoint:
        raise ConfigurationError(f"--endpoint is of --engine openai, not of {arguments.engine}")
    else:
        checkpoint = find_checkpoint(
            arguments.model, arguments.model_revision, with_weights=job != "publish"
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
    tasks = read_tasks(Path(arguments.tasks)) if arguments.tasks else default_tasks()
    if arguments.only:
        known = {task.task_id: task for task in tasks}
        for name in arguments.only:
            if name not in known:
                raise ConfigurationError(
                    f"--only {name}: unknown task; known are {', '.join(known)}"
                )
        tasks = tuple(task for task in tasks if task.task_id in arguments.only)
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
