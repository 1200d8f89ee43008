"""`af3 audit-log`: who looked and who changed, with what is wrong with the log."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from af3core.errors import ConfigurationError
from af3core.messages import Level, tell
from af3core.storage.address import store_at
from beam_jobs.audit_log.chains import VerifiedLog, read_log
from beam_jobs.audit_log.retention import older_than, remove_older
from beam_jobs.audit_log.this_user import this_user
from beam_jobs.framework.settings import interval_of
from beam_jobs.output.row_output import opened, target_of, until_enough, write_rows
from schemas.audit_records import AuditEntry
from schemas.options.archive import Interval

DESCRIPTION = """\
Print who looked and who changed, and verify that nothing of the log is missing or changed.

  af3 audit-log --out NIGHT --since 2026-12-01 --person Ada
  af3 audit-log --out NIGHT --action play --action export --output looked.csv
  af3 audit-log --out NIGHT --keep-days 365 --yes     what is older goes

The whole log is verified, whatever is printed. Exit code 1: something of it is missing, changed,
damaged or was lost; each is named."""
_TYPES: tuple[tuple[str, pa.DataType], ...] = (
    ("at", pa.timestamp("ms", "UTC")),
    ("person", pa.string()),
    ("action", pa.string()),
    ("times", pa.int64()),
    ("subject", pa.string()),
    ("process", pa.string()),
)
_WRONG_EXIT_CODE = 1


def run_audit_log(known: argparse.Namespace) -> int:
    """Verify and print, or remove what is old; 1 where the log is not whole.

    Raises:
        ConfigurationError: the options are wrong.
        StorageError: the storage is in trouble.
    """
    store = store_at(known.out)
    if known.keep_days is not None:
        _remove(known)
        return 0
    if known.yes:
        raise ConfigurationError("--yes belongs to --keep-days; leave it out")
    target = target_of(known.format, known.output, known.out)
    since, until = interval_of(Interval(since=known.since, until=known.until))
    log = read_log(store)
    for finding in log.findings:
        tell(f"{finding.wrong}: {store.address(finding.key)} ({finding.why})", Level.ERROR)
    for process in log.open_chains:
        tell(f"{process} has no end: it runs, was killed, or its last objects are gone")
    chosen = [
        (process, entry)
        for process, entry in log.entries
        if since <= entry.at[:10] <= until
        and known.person in (None, entry.person)
        and (not known.action or entry.action in known.action)
    ]

    def write() -> None:
        with opened(target) as begin:
            write_rows(_Entries(chosen), target, begin())

    return until_enough(write) or _code(log)


def _code(log: VerifiedLog) -> int:
    return _WRONG_EXIT_CODE if log.findings else 0


def _remove(known: argparse.Namespace) -> None:
    given = (known.person, known.action, known.since, known.until, known.format, known.output)
    if any(given):
        raise ConfigurationError("--keep-days removes and prints nothing; leave the rest out")
    store = store_at(known.out)
    if known.yes:
        count = remove_older(store, known.keep_days, this_user())
        tell(f"audit log: {count} objects removed")
        return
    first, keys = older_than(store, known.keep_days)
    tell(f"audit log: {len(keys)} objects of days before {first} would go; --yes removes them")


class _Entries:
    """Entries as rows."""

    columns = tuple(name for name, _ in _TYPES)

    def __init__(self, entries: Sequence[tuple[str, AuditEntry]]) -> None:
        self._entries = entries

    def batches(self) -> Iterator[Sequence[tuple[Any, ...]]]:
        yield from (
            list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
            for batch in self._table().to_batches()
        )

    def arrow(self) -> pa.RecordBatchReader:
        return self._table().to_reader()

    def _table(self) -> pa.Table:
        rows = [
            (e.at, e.person, e.action, e.times, json.dumps(e.subject, ensure_ascii=False), process)
            for process, e in self._entries
        ]
        columns = list(zip(*rows, strict=True)) or [()] * len(_TYPES)
        arrays = [
            pa.array(column, pa.string()).cast(kind) if name == "at" else pa.array(column, kind)
            for column, (name, kind) in zip(columns, _TYPES, strict=True)
        ]
        return pa.table(arrays, [name for name, _ in _TYPES])
