"""Tombstones of an output: which stand, which hold bytes, which are due; all created once."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from af3core.errors import StorageError
from af3core.storage.store import Store
from schemas import layout
from schemas.record_format import Record, RecordError, stored_bytes
from schemas.withdrawal_records import (
    RemovalCertificate,
    RemovalWork,
    Restoration,
    Tombstone,
    WithdrawalRequest,
)

RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True)
class Withdrawn:
    """A tombstone that was not restored, and how far its removal is.

    Attributes:
        work: of a removal that has begun.
        certificate: of one that has ended.
    """

    tombstone: Tombstone
    work: RemovalWork | None
    certificate: RemovalCertificate | None

    @property
    def holds_bytes(self) -> bool:
        """Nothing of it is removed as long as it stands."""
        return not self.tombstone.remove_after

    def is_in_force(self, now: datetime.datetime) -> bool:
        """Whether it still hides its recording."""
        until = self.tombstone.until
        return not until or now.date().isoformat() < until


def read_withdrawn(store: Store) -> list[Withdrawn]:
    """All tombstones of an output that were not restored, the earliest first.

    Raises:
        StorageError: one is damaged or of a newer release, or the storage is in trouble.
    """
    [keys] = store.walk([layout.WITHDRAWN_PREFIX])
    by_folder: dict[str, dict[tuple[str, str], str]] = {}
    for key in keys:
        parts = key.split("/")
        if len(parts) in (3, 4) and key.endswith(".json"):
            folder = parts[2] if len(parts) == 4 else ""
            corpus = parts[1].removeprefix("corpus=")
            by_folder.setdefault(folder, {})[corpus, parts[-1].removesuffix(".json")] = key
    restored = by_folder.get("restored", {})
    names = [name for name in by_folder.get("", {}) if name not in restored]
    tombstones = _read(store, Tombstone, [by_folder[""][name] for name in names])
    works = _beside(store, RemovalWork, names, by_folder.get("removing", {}))
    certificates = _beside(store, RemovalCertificate, names, by_folder.get("certificates", {}))
    found = [
        Withdrawn(tombstone, works.get(name), certificates.get(name))
        for name, tombstone in zip(names, tombstones, strict=True)
    ]
    return sorted(
        found, key=lambda each: (each.tombstone.withdrawn_at, each.tombstone.tombstone_id)
    )


def due(withdrawn: Iterable[Withdrawn], now: datetime.datetime) -> list[Withdrawn]:
    """Those whose removal is to begin, to go on, or to be ended: the grace time is over and no
    other tombstone holds the bytes. Pure.
    """
    listed = list(withdrawn)
    held = {
        each.tombstone.recording_id for each in listed if each.holds_bytes and each.is_in_force(now)
    }
    return [
        each
        for each in listed
        if each.tombstone.remove_after
        and datetime.datetime.fromisoformat(each.tombstone.remove_after) <= now
        and (each.certificate is None or each.work is not None)
        and not held
        & {each.tombstone.recording_id, *(each.work.recording_ids if each.work else ())}
    ]


def storage_time(store: Store) -> datetime.datetime:
    """Now, by the clock of the storage."""
    return datetime.datetime.fromtimestamp(store.now_s(), datetime.UTC)


def time_text(moment: datetime.datetime) -> str:
    """A time as records hold it."""
    return moment.isoformat(timespec="milliseconds")


def new_tombstone_id(now: datetime.datetime) -> str:
    """A name that no other tombstone has."""
    return f"{now.strftime('%Y%m%dT%H%M%S')}Z-{secrets.token_hex(6)}"


def bury(store: Store, tombstone: Tombstone, request: WithdrawalRequest) -> None:
    """Create a tombstone, with who asked for it kept apart.

    Raises:
        StorageError: the storage is in trouble.
    """
    corpus, name = tombstone.corpus, tombstone.tombstone_id
    create(store, layout.tombstone_key(corpus, name), tombstone)
    create(store, layout.withdrawal_request_key(corpus, name), request)


def lift(store: Store, tombstone: Tombstone, now: datetime.datetime) -> None:
    """Say that a tombstone no longer counts; what its removal had begun with is forgotten.

    Raises:
        StorageError: the storage is in trouble.
    """
    corpus, name = tombstone.corpus, tombstone.tombstone_id
    restoration = Restoration(name, time_text(now))
    store.create(layout.restoration_key(corpus, name), stored_bytes(restoration))
    store.delete(layout.removal_work_key(corpus, name))


def create(store: Store, key: str, record: Record) -> None:
    """Create an object that is never replaced; one that was written so before counts.

    Raises:
        StorageError: another object has its name.
    """
    data = stored_bytes(record)
    if not store.create(key, data) and store.read(key) != data:
        raise StorageError(f"{store.address(key)}: another object has this name; run it again")


def _beside(
    store: Store,
    kind: type[RecordT],
    names: Sequence[tuple[str, str]],
    keys: dict[tuple[str, str], str],
) -> dict[tuple[str, str], RecordT]:
    wanted = [name for name in names if name in keys]
    return dict(zip(wanted, _read(store, kind, [keys[n] for n in wanted]), strict=True))


def _read(store: Store, kind: type[RecordT], keys: Sequence[str]) -> list[RecordT]:
    found = []
    for key, data in zip(keys, store.read_many(keys), strict=True):
        try:
            found.append(kind.from_bytes(data or b""))
        except RecordError as error:
            remedy = "" if error.needed_release else "; bring the object back from a backup"
            raise StorageError(f"{store.address(key)}: {error}{remedy}") from error
    return found
