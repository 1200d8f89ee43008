"""What is published for an interval, added up over its partitions."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import manifest_dates
from beam_jobs.framework.progress import clock
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.table_snapshot import TableSnapshot, take_snapshot
from beam_jobs.night.replaced_rows import Replaced, add_up, replaced_of, replaced_texts
from beam_jobs.night.rows import NOT_ANNOTATED, WAITING
from beam_jobs.output.next_command import af3


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
    replaced: tuple[Replaced, ...] = ()
    recordings_taken_over: int = 0
    taken_over_ms: int = 0
    recordings_waiting: int = 0

    def facts(self) -> dict[str, Any]:
        """For programs."""
        return dataclasses.asdict(self)

    def equal_texts(self) -> list[tuple[str, str]]:
        """What was taken over from recordings of the same sound, for people: of what, and what."""
        if not self.recordings_taken_over:
            return []
        recordings = "recording has" if self.recordings_taken_over == 1 else "recordings have"
        return [
            (
                "equal sound",
                f"{self.recordings_taken_over} {recordings} the answers of another one of the same"
                f" sound, {clock(self.taken_over_ms)} of audio",
            )
        ]

    def lines(self) -> list[str]:
        """For people, one fact a line."""
        lines = [
            f"recordings  {self.recordings}, {clock(self.duration_ms)} of audio",
            f"annotated   {clock(self.annotated_ms)}, {self.answers_made} answers made by this run",
        ]
        lines += [f"{what} {text}" for what, text in self.equal_texts()]
        lines += [
            f"skipped     {clock(ms)} {reason}" for reason, ms in sorted(self.skipped_ms.items())
        ]
        lines += [f"failures    {n} {kind}" for kind, n in sorted(self.failures.items())]
        if self.failures:
            see = af3("query", "SELECT object_uri, message FROM failures")
            lines.append(f"            see: {see}")
        lines += [f"replaced    {text}" for text in replaced_texts(self.replaced)]
        return [*lines, f"tables      {self.tables}"]


SUMMARISED = ("recordings", "failures", "runs")
"""The tables that are added up."""


def summarise(settings: JobSettings, published: TableSnapshot | None = None) -> Summary:
    """Add up the published tables of the interval.

    Args:
        published: the tables `SUMMARISED` of the corpus, if they are listed already.
    """
    ledger = Ledger(settings.store)
    dates = manifest_dates(ledger, settings)
    snapshot = published or take_snapshot(
        ledger.store, SUMMARISED, settings.corpus, settings.since, settings.until
    )
    recordings, failures, runs = (
        [row for date in dates for row in snapshot.rows(table, settings.corpus, date)]
        for table in SUMMARISED
    )
    skipped: Counter[str] = Counter()
    for row in recordings:
        for part in row["skipped"]:
            skipped[part["reason"]] += part["duration_ms"]
    taken_over = [row["duration_ms"] for row in recordings if row["taken_over_from"]]
    mine = [row for row in runs if row["run_id"] == settings.run_id]
    return Summary(
        recordings=len(recordings),
        duration_ms=sum(row["duration_ms"] for row in recordings),
        annotated_ms=sum(row["annotated_ms"] for row in recordings),
        skipped_ms=dict(skipped),
        failures=dict(Counter(row["error_class"] for row in failures)),
        answers_made=sum(row["answers_made"] for row in mine),
        tables=ledger.store.address("tables"),
        replaced=add_up(each for row in mine for each in replaced_of(row)),
        recordings_taken_over=len(taken_over),
        taken_over_ms=sum(taken_over),
        recordings_waiting=sum(map(_waits, recordings)),
    )


def _waits(recording: Mapping[str, Any]) -> bool:
    """Whether a recording is to be cut or asked yet."""
    reasons = {part["reason"] for part in recording["skipped"]}
    return recording["status"] == WAITING or NOT_ANNOTATED in reasons
