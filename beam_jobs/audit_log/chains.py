"""All chains of an audit log, verified: what is missing, changed or damaged is named."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from af3core.storage.store import Store
from schemas import layout
from schemas.audit_records import AuditEntry, AuditObject
from schemas.record_format import RecordError

Wrong = Literal["missing", "changed", "damaged", "lost"]
REMOVAL_SUBJECT = "before"
"""Of `remove_audit_log`: the first day that was kept."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with the log.

    Attributes:
        key: of the object.
        wrong: missing: another names it; changed: it is not what another names; damaged: it cannot
            be read; lost: entries were given up before it.
        why: how it is known.
    """

    key: str
    wrong: Wrong
    why: str


@dataclass(frozen=True)
class VerifiedLog:
    """What a log holds.

    Attributes:
        entries: of all readable objects, the earliest first, each with its process.
        findings: what is wrong, by key.
        open_chains: processes whose chain has no end: they run, were killed, or their last objects
            are gone.
    """

    entries: tuple[tuple[str, AuditEntry], ...]
    findings: tuple[Finding, ...]
    open_chains: tuple[str, ...]


def read_log(store: Store) -> VerifiedLog:
    """All of a log, verified.

    Raises:
        StorageError: the storage is in trouble.
    """
    [keys] = store.walk([layout.AUDIT_LOG_PREFIX])
    held = store.read_many(keys)
    return verified({key: data or b"" for key, data in zip(keys, held, strict=True)})


def verified(objects: Mapping[str, bytes]) -> VerifiedLog:
    """The same of objects' bytes by key. Pure."""
    records: dict[str, AuditObject] = {}
    findings: list[Finding] = []
    for key, data in objects.items():
        try:
            record = AuditObject.from_bytes(data)
        except RecordError as error:
            findings.append(Finding(key, "damaged", str(error)))
            continue
        place = layout.audit_log_place(key)
        if place is None or place[1:] != (record.process, record.number):
            findings.append(Finding(key, "changed", "its name is not the one that it was given"))
            continue
        records[key] = record
    hashes = {key: hashlib.sha256(data).hexdigest() for key, data in objects.items()}
    kept_from = _kept_from(records.values())
    for key in sorted(records):
        findings += _against(key, records[key], hashes, kept_from)
    entries = [(r.process, entry) for r in records.values() for entry in r.entries]
    return VerifiedLog(
        tuple(sorted(entries, key=lambda each: (each[1].at, each[0]))),
        tuple(sorted(set(findings), key=lambda each: (each.key, each.wrong))),
        _open(records.values()),
    )


def _against(
    key: str, record: AuditObject, hashes: Mapping[str, str], kept_from: str
) -> Iterator[Finding]:
    """What an object says of others, against what they are."""
    named = dict(record.seen)
    if record.number > 1:
        named[record.previous_key] = record.previous_sha256
    for other, digest in named.items():
        place = layout.audit_log_place(other)
        if other not in hashes:
            if place is None or place[0] >= kept_from:
                yield Finding(other, "missing", f"named by {key}")
        elif hashes[other] != digest:
            yield Finding(other, "changed", f"{key} names another hash of it")
    if record.lost:
        why = f"{record.lost} entries before it were given up while the storage was in trouble"
        yield Finding(key, "lost", why)


def _kept_from(records: Iterable[AuditObject]) -> str:
    """The first day that nobody removed, by the log itself; empty where all was kept."""
    removals = (
        str(entry.subject.get(REMOVAL_SUBJECT, ""))
        for record in records
        for entry in record.entries
        if entry.action == "remove_audit_log"
    )
    return max(removals, default="")


def _open(records: Iterable[AuditObject]) -> tuple[str, ...]:
    last: dict[str, AuditObject] = {}
    for record in sorted(records, key=lambda each: each.number):
        last[record.process] = record
    return tuple(sorted(process for process, record in last.items() if not record.closed))
