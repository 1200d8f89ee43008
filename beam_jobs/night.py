"""A whole night: the four jobs in order, with progress, and the summary at the end."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from af3core.errors import Af3Error
from af3core.model.checkpoint import NANO, NANO_NOTICE
from af3core.storage.address import open_store
from beam_jobs import annotate, discover, publish, segment
from beam_jobs.evaluations.accepted import check_accepted
from beam_jobs.job import Job, Outcome
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifest_dates, manifests
from beam_jobs.parquet import partition_rows
from beam_jobs.progress import clock
from beam_jobs.settings import NightSettings


class NothingFound(Af3Error):
    """The archive holds no recording of the interval."""


@dataclass(frozen=True)
class Summary:
    """What is published for the interval, added up over its partitions."""

    recordings: int
    duration_ms: int
    annotated_ms: int
    skipped_ms: dict[str, int]
    failures: dict[str, int]
    answers_made: int
    tables: str

    def facts(self) -> dict[str, Any]:
        """For programs."""
        return dataclasses.asdict(self)

    def lines(self) -> list[str]:
        """For people, one fact a line."""
        lines = [
            f"recordings  {self.recordings}, {clock(self.duration_ms)} of audio",
            f"annotated   {clock(self.annotated_ms)}, {self.answers_made} answers made by this run",
        ]
        lines += [
            f"skipped     {clock(ms)} {reason}" for reason, ms in sorted(self.skipped_ms.items())
        ]
        lines += [f"failures    {n} {kind}" for kind, n in sorted(self.failures.items())]
        if self.failures:
            lines.append('            see: af3 query "SELECT object_uri, message FROM failures"')
        return [*lines, f"tables      {self.tables}"]


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Run a night; gives its summary, and its report as a page where anything was annotated."""
    summary = run_night(settings, beam_arguments)
    lines = summary.lines()
    if summary.answers_made:
        from beam_jobs.report import page_of_night  # adds up what is published as `summarise` does

        lines.append(f"page        {page_of_night(settings)}")
    return Outcome(summary.facts(), lines)


def run_night(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Summary:
    """Run discover, segment, annotate and publish; what is done already is not done again.

    Raises:
        NotAccepted: `--accepted-in` asks for an accepted model, and this is none.
        NothingFound: no recording and no failure lies in the interval.
        Af3Error: a job failed.
    """
    check_accepted(settings)
    ledger = Ledger(open_store(settings.out))
    if settings.checkpoint.name == NANO:
        print(f"af3: {NANO_NOTICE}", file=sys.stderr)
    discover.run(settings, beam_arguments)
    if not any(m.recordings or m.failures for m in manifests(ledger, settings)):
        raise NothingFound(
            f"{settings.source}: no recordings from {settings.since} to {settings.until};"
            " check the folder, --since and --until, and how objects are dated (--date-from)"
        )
    segment.run(settings, beam_arguments)
    annotate.run(settings, beam_arguments)
    publish.run(settings, beam_arguments)
    return summarise(settings)


def summarise(settings: NightSettings) -> Summary:
    """Add up the published tables of the interval."""
    ledger = Ledger(open_store(settings.out))
    dates = manifest_dates(ledger, settings)
    recordings, failures, runs = (
        [r for date in dates for r in partition_rows(ledger.store, table, settings.corpus, date)]
        for table in ("recordings", "failures", "runs")
    )
    skipped: Counter[str] = Counter()
    for row in recordings:
        for part in row["skipped"]:
            skipped[part["reason"]] += part["duration_ms"]
    return Summary(
        recordings=len(recordings),
        duration_ms=sum(row["duration_ms"] for row in recordings),
        annotated_ms=sum(row["annotated_ms"] for row in recordings),
        skipped_ms=dict(skipped),
        failures=dict(Counter(row["error_class"] for row in failures)),
        answers_made=sum(r["answers_made"] for r in runs if r["run_id"] == settings.run_id),
        tables=ledger.store.address("tables"),
    )


JOB = Job("night", "run discover, segment, annotate and publish", run)
