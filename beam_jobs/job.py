"""A job as a command: options in, progress on stderr, a report of how it ended."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from af3core.errors import Af3Error, ConfigurationError
from beam_jobs.beam_options import parse_with_beam
from beam_jobs.guard import guarded
from beam_jobs.options import add_arguments
from beam_jobs.settings import JobName, NightSettings, read_settings
from beam_jobs.storage import open_store
from beam_jobs.watched import end_when_unwatched
from schemas import layout
from schemas.reports import JobReport

BEAM_EPILOG = "Options not named here go to Beam, such as --runner and --direct_num_workers."


@dataclass(frozen=True)
class Outcome:
    """What a job found or did: facts for programs, lines for people."""

    facts: dict[str, Any]
    lines: list[str] = field(default_factory=list)

    @classmethod
    def of_counters(cls, counters: dict[str, int]) -> Outcome:
        """The counters of a pipeline."""
        return cls(dict(counters), [f"{name}: {n}" for name, n in sorted(counters.items())])


@dataclass(frozen=True)
class Job:
    """A job by name: what it is for, and how it runs under settings and Beam's options."""

    name: JobName
    summary: str
    run: Callable[[NightSettings, Sequence[str]], Outcome]


def job_main(job: Job, arguments: Sequence[str] | None = None) -> int:
    """The command line `python -m beam_jobs.JOB`: our options, and Beam's own.

    Exit codes: 0 done, 1 failed, 2 a wrong option, 130 interrupted.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m beam_jobs.{job.name}",
        allow_abbrev=False,
        description=f"{job.name}: {job.summary}.",
        epilog=BEAM_EPILOG,
    )
    parser.add_argument("--source", metavar="SOURCE", help="folder of recordings")
    add_arguments(parser)

    def run() -> int:
        given = sys.argv[1:] if arguments is None else list(arguments)
        known, beam_arguments = parse_with_beam(parser, given)
        for line in run_reported(job, known, beam_arguments).lines:
            print(line, file=sys.stderr)
        return 0

    return guarded(run)


def run_reported(job: Job, known: argparse.Namespace, beam_arguments: Sequence[str]) -> Outcome:
    """Run a job with parsed options and leave its report, however it ends.

    The report lies beside the tables, and in the file that `--report` names.

    Raises:
        Af3Error: what the job raised, reported.
    """
    ending = _Ending()
    with _reported(job, known, ending):
        if known.watched_by:
            end_when_unwatched(Path(known.watched_by))
        ending.settings = read_settings(known, job.name)
        ending.outcome = job.run(ending.settings, beam_arguments)
    return ending.outcome


@dataclass
class _Ending:
    settings: NightSettings | None = None
    outcome: Outcome = field(default_factory=lambda: Outcome({}))


@contextmanager
def _reported(job: Job, known: argparse.Namespace, ending: _Ending) -> Iterator[None]:
    started_at, begun = datetime.datetime.now(datetime.UTC), time.monotonic()
    error: Exception | None = None
    try:
        yield
    except Exception as raised:
        error = raised
        raise
    finally:
        settings = ending.settings
        report = JobReport(
            job=job.name,
            run_id=settings.run_id if settings else known.run_id or "",
            corpus=known.corpus,
            since=settings.since if settings else "",
            until=settings.until if settings else "",
            started_at=started_at.isoformat(timespec="milliseconds"),
            seconds=round(time.monotonic() - begun, 3),
            exit_code=0 if error is None else 2 if isinstance(error, ConfigurationError) else 1,
            error_class=type(error).__name__ if error else "",
            message=str(error) if error else "",
            permanent=isinstance(error, Af3Error) and error.permanent,
            facts=ending.outcome.facts,
        )
        if settings:
            key = layout.report_key(report.corpus, report.run_id, job.name)
            open_store(settings.out).write(key, _as_bytes(report))
        if known.report:
            _write_file(Path(known.report), _as_bytes(report))


def _as_bytes(report: JobReport) -> bytes:
    return (json.dumps(report.to_json(), indent=1, ensure_ascii=False) + "\n").encode()


def _write_file(path: Path, data: bytes) -> None:
    """In one step: whoever waits for the file reads it whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    temporary.replace(path)
