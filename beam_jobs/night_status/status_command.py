"""`af3 status`: options in, a row for each archive day out.

tables ──► what is published ──► plans against it ──► one listing of the archive against it ──► rows
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from af3core.messages import tell
from af3core.storage.address import store_at
from beam_jobs.framework.known_nights import known_corpora, unknown_nights
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import Days, Nights
from beam_jobs.framework.outputs import check_apart
from beam_jobs.framework.settings import interval_of
from beam_jobs.framework.withdrawn import Withdrawals, withdrawals
from beam_jobs.night.archive_listing import ListingRequest, dating_of
from beam_jobs.night.earlier_days import PlanState, had_recordings
from beam_jobs.night_status.day_status import day_status
from beam_jobs.night_status.listed_days import known_address, listed_days
from beam_jobs.night_status.planned_days import CorpusPlans, Rules, corpus_plans, planned_dates
from beam_jobs.night_status.published_days import published_days
from beam_jobs.night_status.retention_notes import retention_said
from beam_jobs.output.row_output import Target, opened, target_of, until_enough, write_rows
from schemas.day_status import DayStatus
from schemas.options.archive import Interval
from schemas.reports import WAITING_EXIT_CODE

DESCRIPTION = """\
Say day by day what the archive holds and what of it is published.

  af3 status /media/radio --out NIGHT --corpus radio
  af3 status --out NIGHT --since 2026-11-01 --incomplete

Without SOURCE, the archive that was planned is listed. Exit code 0: all days are complete;
3: some day lacks something."""

_TYPES = (
    ("date", pa.date32()),
    ("objects", pa.int64()),
    ("planned", pa.int64()),
    ("published", pa.int64()),
    ("missing", pa.int64()),
    ("failed", pa.int64()),
    ("waiting", pa.int64()),
    ("awaiting_decision", pa.bool_()),
    ("models", pa.string()),
    ("last_published", pa.string()),
)


def run_status(known: argparse.Namespace) -> int:
    """`af3 status`: options in, rows out; gives the exit code.

    Raises:
        ConfigurationError: an option is wrong, nobody planned the corpus, or its days were listed
            by different rules.
        ArchiveNotListed: the archive cannot be listed, or only in part.
        StorageError: tables or plans cannot be read, or the output not be written.
    """
    target = target_of(known.format, known.output, known.out)
    since, until = interval_of(Interval(date=known.date, since=known.since, until=known.until))
    days = statuses(known.out, Days(known.corpus, since, until), known.source)
    lacking = [day for day in days if not day.is_complete]
    ended = until_enough(lambda: _write(lacking if known.incomplete else days, target))
    return ended or (WAITING_EXIT_CODE if lacking else 0)


def statuses(
    out: str, nights: Nights, source: str = "", rules: Rules | None = None
) -> list[DayStatus]:
    """The days of an interval that the archive, the plans or the tables have, in order.

    Args:
        out: folder or gs://.
        nights: the corpus, and its interval.
        source: the archive; empty takes the one that was planned, if it is one.
        rules: by which it is listed, whatever was planned, if anything; None takes those of the
            plans.

    Raises:
        ConfigurationError, ArchiveNotListed, StorageError: as `run_status`.
    """
    ledger = Ledger(store_at(out))
    published = published_days(out, nights)
    dates = planned_dates(ledger, nights.corpus)
    let_go = retention_said(ledger.store, nights)
    is_unknown = not rules and not published and not dates and not let_go
    if is_unknown and nights.corpus not in known_corpora(ledger.store):
        raise unknown_nights(ledger.store, nights)
    plans = corpus_plans(ledger, nights, dates, published, rules)
    archive = _archive(source, plans)
    listed = {}
    if archive:
        check_apart(archive, out)
        state = PlanState(dict.fromkeys(dates, ""))
        listed = listed_days(
            _request(archive, nights, plans, withdrawals(ledger.store)),
            published,
            plans.days,
            lambda: bool(published) or had_recordings(state, nights.corpus, ledger),
            let_go,
        )
    return [
        day_status(day, published.get(day), plans.days.get(day), listed.get(day), archive)
        for day in sorted({*published, *plans.days, *listed})
    ]


def _archive(source: str, plans: CorpusPlans) -> str:
    """The address of the archive that is listed; empty where none is."""
    if source:
        address = known_address(source)
        if plans.sources and address not in plans.sources:
            planned = ", ".join(plans.sources)
            tell(f"{address} was not planned ({planned} was); objects are known by their addresses")
        return address
    if len(plans.sources) == 1:
        return known_address(plans.sources[0])
    several = f"{len(plans.sources)} archives were planned" if plans.sources else "none is recorded"
    tell(f"no archive is listed, as {several}: objects are not counted; name SOURCE")
    return ""


def _request(
    archive: str, nights: Nights, plans: CorpusPlans, hidden: Withdrawals
) -> ListingRequest:
    return ListingRequest(
        source=archive,
        corpus=nights.corpus,
        dating=dating_of(plans.dating),
        since=nights.since,
        until=nights.until,
        any_suffix=plans.holdings.any_suffix,
        follow_links=plans.holdings.follow_links,
        hidden=hidden,
    )


def _write(days: Sequence[DayStatus], target: Target) -> None:
    with opened(target) as begin:
        write_rows(_Days(days), target, begin())


class _Days:
    """Days as rows."""

    columns = tuple(name for name, _ in _TYPES)

    def __init__(self, days: Sequence[DayStatus]) -> None:
        self._days = days

    def batches(self) -> Iterator[Sequence[tuple[Any, ...]]]:
        yield [dataclasses.astuple(day) for day in self._days]

    def arrow(self) -> pa.RecordBatchReader:
        columns = list(zip(*(dataclasses.astuple(d) for d in self._days), strict=True))
        empty: list[tuple[Any, ...]] = [()] * len(_TYPES)
        arrays = [
            pa.array(column, pa.string()).cast(kind)
            if kind == pa.date32()
            else pa.array(column, kind)
            for column, (_, kind) in zip(columns or empty, _TYPES, strict=True)
        ]
        return pa.table(arrays, list(self.columns)).to_reader()
