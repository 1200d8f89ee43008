"""A job as a command: options in, progress on stderr, a report of how it ended."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO, cast

from af3core.errors import Af3Error, ConfigurationError
from af3core.messages import Level, tell
from af3core.storage.abandoned import remove_abandoned
from af3core.storage.address import split_object, store_at
from af3core.storage.copies_folder import remove_dead_copies
from beam_jobs.framework.command_line import OneLineParser, make_parser, read_group
from beam_jobs.framework.data_facts import begin_data_facts, data_facts
from beam_jobs.framework.known_nights import check_nights
from beam_jobs.framework.needs import check_needs, check_packages
from beam_jobs.framework.outputs import check_output, mark_output
from beam_jobs.framework.process import end_when_unwatched, print_whole
from beam_jobs.framework.settings import JobSettings, read_settings
from beam_jobs.framework.superseded import remove_superseded
from beam_jobs.framework.waiting import begin_job, split_waiting, waiting_line
from beam_jobs.output.file_to_write import check_file_to_write
from beam_jobs.output.json_values import exact_json
from schemas import layout
from schemas.jobs import Job
from schemas.options.archive import Results
from schemas.options.night import Run
from schemas.record_format import stored_json
from schemas.reports import WAITING_EXIT_CODE, DataFacts, JobReport


@dataclass(frozen=True)
class Outcome:
    """What a job found or did: facts for programs, lines for people; what waits, by its kind."""

    facts: dict[str, Any]
    lines: list[str] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of_counters(cls, counters: dict[str, int]) -> Outcome:
        """The counters of a pipeline."""
        done, waiting = split_waiting(counters)
        return cls(done, [f"{name}: {n}" for name, n in sorted(done.items())], waiting)

    @property
    def exit_code(self) -> int:
        return WAITING_EXIT_CODE if self.waiting else 0


RunJob = Callable[[JobSettings, Sequence[str]], Outcome]
"""What a job's module holds as `run`: settings and Beam's options in, what was done out."""


def run_of(job: Job) -> RunJob:
    """What runs a job once its settings are known."""
    return cast(RunJob, importlib.import_module(job.module).run)


def job_parser(job: Job) -> OneLineParser:
    """The parser of a job's options, those that `plan` recorded among them."""
    return make_parser(f"af3 {job.name}", job.summary, job.accepted)


def run_job(
    job: Job,
    arguments: Sequence[str],
    parse: Callable[[], tuple[argparse.Namespace, Sequence[str]]],
) -> Outcome:
    """Run a job and leave its report, however it ends.

    The report lies beside the tables, in the file that `--report` names, and with `--json` alone on
    stdout.

    Args:
        arguments: the command line, where `--report` is looked for before the rest is checked.
        parse: gives the parsed options, and Beam's.

    Raises:
        Af3Error: what the job raised, reported.
    """
    ending = _Ending()
    as_json = "--json" in arguments
    with (
        _reported(job, _report_of(arguments), ending, sys.stdout if as_json else None),
        # what a library prints is no summary
        contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext(),
    ):
        namespace, beam_arguments = parse()
        _run(job, namespace, beam_arguments, ending)
    return ending.outcome


@dataclass
class _Ending:
    run_id: str = ""
    corpus: str = ""
    settings: JobSettings | None = None
    outcome: Outcome = field(default_factory=lambda: Outcome({}))


def _run(
    job: Job, namespace: argparse.Namespace, beam_arguments: Sequence[str], ending: _Ending
) -> None:
    ending.run_id = namespace.run_id or ""
    ending.corpus = namespace.corpus or Results().corpus
    if namespace.report:
        check_file_to_write("--report", namespace.report)
    if namespace.watched_by:
        patience_s = read_group(Run, namespace).patience_s
        end_when_unwatched(Path(namespace.watched_by), patience_s)
    check_packages(job)
    settings = read_settings(namespace, job)
    check_needs(settings, beam_arguments)
    if job.reads_nights:
        check_nights(store_at(settings.out), settings)
    elif job.cleans:
        check_output(store_at(settings.out))
    ending.settings = settings
    begin_job()
    begin_data_facts()
    if job.begins_output:
        mark_output(settings.store)
    remove_abandoned(settings.store)
    remove_dead_copies()
    remove_superseded(settings.store)
    ending.outcome = run_of(job)(settings, beam_arguments)


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
def _reported(
    job: Job, report_path: str | None, ending: _Ending, summary: TextIO | None
) -> Iterator[None]:
    """Report how the body ends; as one JSON object to `summary` too."""
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
            job=job.name,
            run_id=settings.run_id if settings else ending.run_id,
            corpus=ending.corpus,
            since=settings.since if settings else "",
            until=settings.until if settings else "",
            started_at=started_at.isoformat(timespec="milliseconds"),
            seconds=round(time.monotonic() - begun, 3),
            facts=ending.outcome.facts or _facts_of(error),
            data=data_facts(settings) if settings else DataFacts(),
            waiting=ending.outcome.waiting,
            **_how_it_ended(error, job, ending.outcome),
        )
        took = f"{job.name}: {report.seconds:.1f} s, run {report.run_id or 'without a name'}"
        tell(took, Level.DETAIL)
        try:
            _keep(report, report_path, settings)
        except Af3Error as unkept:
            # where the job failed already, this must not hide why
            if error is None:
                report = replace(report, **_how_it_ended(unkept, job, ending.outcome))
                raise
            tell(f"the report was not kept: {unkept}", Level.ERROR)
        finally:
            if summary is not None:
                print_whole(exact_json(stored_json(report)), summary)


def _keep(report: JobReport, report_path: str | None, settings: JobSettings | None) -> None:
    if report_path and _can_report_to(report_path):
        store, key = split_object(report_path)
        store.write(key, _as_bytes(report))
    if settings:
        key = layout.report_key(report.corpus, report.run_id, report.job, settings.part)
        settings.store.write(key, _as_bytes(report))


def _facts_of(error: BaseException | None) -> dict[str, Any]:
    return dict(error.facts) if isinstance(error, Af3Error) else {}


def _how_it_ended(error: BaseException | None, job: Job, outcome: Outcome) -> dict[str, Any]:
    if error is None and outcome.waiting:
        message = waiting_line(job.name, outcome.waiting)
        return {"exit_code": outcome.exit_code, "error_class": "PiecesWait", "message": message}
    if error is None:
        return {"exit_code": 0}
    if isinstance(error, SystemExit):  # --help and --version
        return {"exit_code": error.code if isinstance(error.code, int) else 1}
    return {
        "exit_code": 2 if isinstance(error, ConfigurationError) else 1,
        "error_class": type(error).__name__,
        "message": str(error),
        "permanent": isinstance(error, Af3Error) and error.permanent,
    }


def _as_bytes(report: JobReport) -> bytes:
    return (json.dumps(stored_json(report), indent=1, ensure_ascii=False) + "\n").encode()


def _can_report_to(address: str) -> bool:
    try:
        check_file_to_write("--report", address)
    except ConfigurationError:
        return False  # said where the options are looked at
    return True
