"""A job as a command: options in, progress on stderr, a report of how it ended."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from af3core.errors import Af3Error, ConfigurationError
from af3core.storage.address import is_bucket, open_store, split_object
from beam_jobs.beam_options import parse_with_beam
from beam_jobs.guard import guarded
from beam_jobs.job_names import JobName
from beam_jobs.options import add_arguments
from beam_jobs.settings import NightSettings, read_settings
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
    parser.add_argument("--source", metavar="SOURCE", help="folder or gs:// of recordings")
    add_arguments(parser)

    def run() -> int:
        given = sys.argv[1:] if arguments is None else list(arguments)
        ending = _Ending()
        with _reported(job.name, _report_of(given), ending):
            known, beam_arguments = parse_with_beam(parser, given)
            _run(job, known, beam_arguments, ending)
        for line in ending.outcome.lines:
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
    with _reported(job.name, known.report, ending):
        _run(job, known, beam_arguments, ending)
    return ending.outcome


@dataclass
class _Ending:
    run_id: str = ""
    corpus: str = ""
    settings: NightSettings | None = None
    outcome: Outcome = field(default_factory=lambda: Outcome({}))


def _run(
    job: Job, known: argparse.Namespace, beam_arguments: Sequence[str], ending: _Ending
) -> None:
    ending.run_id, ending.corpus = known.run_id or "", known.corpus
    if known.report and not _can_report_to(known.report):
        raise ConfigurationError(f"--report {known.report}: its folder does not exist; make it")
    if known.watched_by:
        end_when_unwatched(Path(known.watched_by))
    ending.settings = read_settings(known, job.name)
    ending.outcome = job.run(ending.settings, beam_arguments)


def _report_of(arguments: Sequence[str]) -> str | None:
    """`--report` alone: it is needed where the other options are wrong."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--report")
    try:
        report: str | None = parser.parse_known_args(list(arguments))[0].report
    except argparse.ArgumentError:
        return None
    return report


@contextmanager
def _reported(job: JobName, report_path: str | None, ending: _Ending) -> Iterator[None]:
    started_at, begun = datetime.datetime.now(datetime.UTC), time.monotonic()
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        settings = ending.settings
        report = JobReport(
            job=job,
            run_id=settings.run_id if settings else ending.run_id,
            corpus=ending.corpus,
            since=settings.since if settings else "",
            until=settings.until if settings else "",
            started_at=started_at.isoformat(timespec="milliseconds"),
            seconds=round(time.monotonic() - begun, 3),
            facts=ending.outcome.facts,
            **_how_it_ended(error),
        )
        if report_path and _can_report_to(report_path):
            store, key = split_object(report_path)
            store.write(key, _as_bytes(report))
        if settings:
            key = layout.report_key(report.corpus, report.run_id, job, settings.part)
            with _kept_back(error):
                open_store(settings.out).write(key, _as_bytes(report))


def _how_it_ended(error: BaseException | None) -> dict[str, Any]:
    if error is None:
        return {"exit_code": 0}
    if isinstance(error, SystemExit):  # argparse has printed what is wrong
        message = "an option is wrong; the line before in the log says which"
        return {
            "exit_code": error.code if isinstance(error.code, int) else 1,
            "error_class": ConfigurationError.__name__,
            "message": message,
            "permanent": True,
        }
    return {
        "exit_code": 2 if isinstance(error, ConfigurationError) else 1,
        "error_class": type(error).__name__,
        "message": str(error),
        "permanent": isinstance(error, Af3Error) and error.permanent,
    }


def _as_bytes(report: JobReport) -> bytes:
    return (json.dumps(report.to_json(), indent=1, ensure_ascii=False) + "\n").encode()


def _can_report_to(address: str) -> bool:
    return is_bucket(address) or Path(address).absolute().parent.is_dir()


@contextmanager
def _kept_back(earlier: BaseException | None) -> Iterator[None]:
    """Where the job failed already, an error of its report must not hide why."""
    try:
        yield
    except Af3Error as error:
        if earlier is None:
            raise
        print(f"af3: the report was not kept: {error}", file=sys.stderr)
