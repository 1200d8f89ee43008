"""What the tables name, day by day: one listing of each table, and a few columns of it."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from typing import Any

import duckdb

from af3core.storage.address import store_at
from beam_jobs.framework.manifests import Nights
from beam_jobs.framework.table_snapshot import take_snapshot
from beam_jobs.framework.views import ask_snapshot
from beam_jobs.night.rows import NOT_ANNOTATED, WAITING
from beam_jobs.night_status.day_status import PublishedDay
from schemas.tables.night_tables import (
    ANSWERS,
    CAPTIONS,
    FAILURES,
    RECORDINGS,
    RUNS,
    TRANSCRIPTS,
)

_ANSWERING = (CAPTIONS, TRANSCRIPTS, ANSWERS)
_TABLES = tuple(table.name for table in (RECORDINGS, FAILURES, RUNS, *_ANSWERING))
_BATCH_ROWS = 10_000

_FILES = f"""
SELECT CAST(date AS VARCHAR), object_uri, coalesce(duplicate_uris, []), size_bytes,
       CASE WHEN status IN ('failed', '{WAITING}') THEN status
            WHEN len(list_filter(skipped, lambda s: s.reason = '{NOT_ANNOTATED}')) > 0
            THEN '{WAITING}'
            ELSE '' END
FROM {RECORDINGS.name}"""
_FAILURES = f"""
SELECT CAST(date AS VARCHAR), object_uri, bool_and(permanent)
FROM {FAILURES.name} GROUP BY ALL"""
_RUNS = f"""
SELECT CAST(date AS VARCHAR), epoch_ms(max(published_at)) FROM {RUNS.name} GROUP BY ALL"""
_MODELS = " UNION ".join(
    f"SELECT CAST(date AS VARCHAR), model, weights_revision FROM {table.name}"
    for table in _ANSWERING
)


def published_days(out: str, nights: Nights) -> dict[str, PublishedDay]:
    """What is published of an interval, by day, all of one moment.

    In memory are the addresses and sizes of the interval's objects.

    Raises:
        StorageError: the tables cannot be read.
        TableError: they need another release.
    """
    snapshot = take_snapshot(store_at(out), _TABLES, nights.corpus, nights.since, nights.until)
    return ask_snapshot(out, snapshot, _TABLES, _days_of) if snapshot.stamps else {}


def _days_of(connection: duckdb.DuckDBPyConnection) -> dict[str, PublishedDay]:
    sizes: dict[str, dict[str, int | None]] = {}
    states: dict[str, Counter[str]] = {}
    for date, uri, duplicates, size_bytes, state in _rows(connection, _FILES):
        for each in (uri, *duplicates):
            sizes.setdefault(date, {})[each] = size_bytes
            states.setdefault(date, Counter())[state] += 1
    for date, uri, is_permanent in _rows(connection, _FAILURES):
        of_day = sizes.setdefault(date, {})
        if uri not in of_day:  # nothing but a failure came of it
            of_day[uri] = None
            states.setdefault(date, Counter())["failed" if is_permanent else WAITING] += 1
    runs = {date: _utc(moment_ms) for date, moment_ms in _rows(connection, _RUNS)}
    models: dict[str, set[str]] = {}
    for date, model, revision in _rows(connection, _MODELS):
        models.setdefault(date, set()).add(f"{model}@{revision[:12]}" if revision else model)
    return {
        date: PublishedDay(
            sizes_bytes=sizes.get(date, {}),
            failed=states.get(date, Counter())["failed"],
            waiting=states.get(date, Counter())[WAITING],
            models=tuple(sorted(models.get(date, ()))),
            last_published=runs.get(date, ""),
        )
        for date in sorted({*sizes, *runs, *models})
    }


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[tuple[Any, ...]]:
    asked = connection.execute(sql)
    while batch := asked.fetchmany(_BATCH_ROWS):
        yield from batch


def _utc(moment_ms: int) -> str:
    moment = datetime.datetime.fromtimestamp(moment_ms / 1000, datetime.UTC)
    return moment.isoformat(timespec="seconds")
