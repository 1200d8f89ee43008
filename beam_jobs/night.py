"""A whole night: the four jobs in order, with progress, and the summary at the end."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from af3core.errors import Af3Error
from af3core.model.checkpoint import NANO, NANO_NOTICE
from beam_jobs import annotate, discover, publish, segment
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifest_dates, manifests
from beam_jobs.parquet import decode_rows
from beam_jobs.progress import Piece, clock, shown
from beam_jobs.running import run_job
from beam_jobs.settings import NightSettings
from beam_jobs.storage import open_store
from schemas import layout


class NothingFound(Af3Error):
    """The archive holds no recording of the interval."""


@dataclass(frozen=True)
class Summary:
    """What is published for the interval, added up over its partitions."""

    recordings: int
    duration_ms: int
    annotated_ms: int
    skipped_ms: Counter[str]
    failures: Counter[str]
    answers_made: int
    tables: str

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


def run_night(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Summary:
    """Run discover, segment, annotate and publish; what is done already is not done again.

    Raises:
        NothingFound: no recording and no failure lies in the interval.
        Af3Error: a job failed.
    """
    ledger = Ledger(open_store(settings.out))
    if settings.checkpoint.name == NANO:
        print(f"af3: {NANO_NOTICE}", file=sys.stderr)
    run_job(discover.build, settings, beam_arguments)
    if not any(m.recordings or m.failures for m in manifests(ledger, settings)):
        raise NothingFound(
            f"{settings.source}: no recordings from {settings.since} to {settings.until};"
            " check the folder, --since and --until, and how objects are dated (--date-from)"
        )
    # a pipeline is started only where there is work: a finished night ends in seconds
    if to_cut := _pieces_to_cut(ledger, settings):
        with shown("segment", to_cut):
            run_job(segment.build, settings, beam_arguments)
    if to_ask := _pieces_to_ask(ledger, settings):
        with shown("annotate", to_ask):
            run_job(annotate.build, settings, beam_arguments)
    run_job(publish.build, settings, beam_arguments)
    return summarise(settings)


def summarise(settings: NightSettings) -> Summary:
    """Add up the published tables of the interval."""
    ledger = Ledger(open_store(settings.out))
    dates = manifest_dates(ledger, settings)
    recordings = _rows(ledger, settings, dates, "recordings")
    failures = _rows(ledger, settings, dates, "failures")
    runs = _rows(ledger, settings, dates, "runs")
    skipped: Counter[str] = Counter()
    for row in recordings:
        for part in row["skipped"]:
            skipped[part["reason"]] += part["duration_ms"]
    return Summary(
        recordings=len(recordings),
        duration_ms=sum(row["duration_ms"] for row in recordings),
        annotated_ms=sum(row["annotated_ms"] for row in recordings),
        skipped_ms=skipped,
        failures=Counter(row["error_class"] for row in failures),
        answers_made=sum(r["answers_made"] for r in runs if r["run_id"] == settings.run_id),
        tables=ledger.store.address("tables"),
    )


def _rows(
    ledger: Ledger, settings: NightSettings, dates: list[str], table: str
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for date in dates:
        for key in ledger.store.list(layout.partition_prefix(table, settings.corpus, date)):
            with ledger.store.open(key) as file:
                rows += decode_rows(file)
    return rows


def _pieces_to_cut(ledger: Ledger, settings: NightSettings) -> list[Piece]:
    def piece(recording_id: str, work_key: str, audio_ms: int) -> Piece:
        key = layout.segmented_key(recording_id, settings.segmentation_hash)
        failed = layout.failed_key("segment", work_key)
        return Piece(audio_ms, lambda: ledger.store.exists(key) or ledger.store.exists(failed))

    return [
        piece(r.recording_id, segment.work_key(r, settings), r.media.declared_duration_ms or 0)
        for r in segment.recordings_to_cut(settings)
    ]


def _pieces_to_ask(ledger: Ledger, settings: NightSettings) -> list[Piece]:
    def piece(clip_id: str, known: int, audio_ms: int) -> Piece:
        prefix = layout.annotated_prefix(clip_id)
        return Piece(audio_ms, lambda: len(list(ledger.store.list(prefix))) > known)

    return [
        piece(
            work.clip.clip_id,
            len(list(ledger.store.list(layout.annotated_prefix(work.clip.clip_id)))),
            work.clip.duration_ms,
        )
        for work in annotate.missing_work(settings)
    ]
