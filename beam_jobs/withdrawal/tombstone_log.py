"""Tombstones of an output: which stand, which hold bytes, which are due; all created once."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from af3core.errors import StorageError
from af3core.storage.store import Store
from beam_jobs.framework.withdrawn import forget_held, standing_tombstones
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
    tombstones = standing_tombstones(store)
    names = [(each.corpus, each.tombstone_id) for each in tombstones]
    works = _beside(store, RemovalWork, names, layout.removal_work_key)
    certificates = _beside(store, RemovalCertificate, names, layout.certificate_key)
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
    forget_held(store)


def lift(store: Store, tombstone: Tombstone, now: datetime.datetime) -> None:
    """Say that a tombstone no longer counts; what its removal had begun with is forgotten.

    Raises:
        StorageError: the storage is in trouble.
    """
    corpus, name = tombstone.corpus, tombstone.tombstone_id
    restoration = Restoration(name, time_text(now))
    store.create(layout.restoration_key(corpus, name), stored_bytes(restoration))
    store.delete(layout.removal_work_key(corpus, name))
    forget_held(store)


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
    key_of: Callable[[str, str], str],
) -> dict[tuple[str, str], RecordT]:
    """What lies beside tombstones, by their corpora and names."""
    keys = [key_of(*name) for name in names]
    found = {}
    for name, key, data in zip(names, keys, store.read_many(keys), strict=True):
        if data is None:
            continue
        try:
            found[name] = kind.from_bytes(data)
        except RecordError as error:
            remedy = "" if error.needed_release else "; bring the object back from a backup"
            raise StorageError(f"{store.address(key)}: {error}{remedy}") from error
    return found
