"""The batches of a corpus: objects that are created once and never replaced.

Any number of people write at once: each batch has a name of its own, and none is changed.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from af3core.errors import StorageError
from af3core.storage.store import Store
from schemas import layout
from schemas.correction_records import Correction, CorrectionBatch, Settlement, Undo
from schemas.record_format import RecordError, stored_bytes

_TICK = datetime.timedelta(milliseconds=1)


@dataclass(frozen=True)
class Said:
    """A correction with who said it when.

    Attributes:
        undone: the batch that undid it.
        settlement, settled: that it holds, said last, and the batch that says so.
    """

    correction: Correction
    batch: CorrectionBatch
    undone: CorrectionBatch | None
    settlement: Settlement | None = None
    settled: CorrectionBatch | None = None

    @property
    def order(self) -> tuple[str, str]:
        """Later ones come after earlier ones."""
        return (self.batch.made_at, self.correction.correction_id)


@dataclass(frozen=True)
class BatchHead:
    """What a new batch is called, and when it is made."""

    batch_id: str
    made_at: str


def new_head(store: Store, known: Iterable[CorrectionBatch]) -> BatchHead:
    """A name that no other batch has, and the time by the storage's clock; behind all batches that
    its writer has read, should the clock have been set back: what speaks of them is later.

    Args:
        known: the batches that were read.

    Raises:
        StorageError: the storage is in trouble.
    """
    now = datetime.datetime.fromtimestamp(store.now_s(), datetime.UTC)
    earlier = (datetime.datetime.fromisoformat(batch.made_at) for batch in known)
    now = max(now, max(earlier, default=now - _TICK) + _TICK)
    made_at = now.isoformat(timespec="milliseconds")
    stamp = now.strftime("%Y%m%dT%H%M%S") + f"{now.microsecond // 1000:03d}Z"
    return BatchHead(f"{stamp}-{secrets.token_hex(6)}", made_at)


def keep(store: Store, batch: CorrectionBatch) -> str:
    """Create a batch's object; gives its key.

    Raises:
        StorageError: the storage is in trouble, or another object has this name.
    """
    key, data = layout.correction_key(batch.corpus, batch.batch_id), stored_bytes(batch)
    # a request whose reply was lost may have created it
    if not store.create(key, data) and store.read(key) != data:
        raise StorageError(f"{store.address(key)}: another batch has this name; run it again")
    return key


def read_batches(store: Store, corpus: str) -> list[CorrectionBatch]:
    """All batches of a corpus, the earliest first.

    Raises:
        StorageError: one is damaged or of a newer release, or the storage is in trouble.
    """
    return KnownBatches(store, corpus).read()


class KnownBatches:
    """The batches of a corpus for who reads them again and again, in several threads: what was read
    in the state that a listing names is not read again.
    """

    def __init__(self, store: Store, corpus: str) -> None:
        self._store = store
        self._corpus = corpus
        self._known: dict[str, tuple[str, CorrectionBatch]] = {}

    def read(self) -> list[CorrectionBatch]:
        """All batches as they are now, the earliest first.

        Raises:
            StorageError: one is damaged or of a newer release, or the storage is in trouble.
        """
        states = self._store.states([layout.corrections_prefix(self._corpus)])
        stamps = {key: stamp for key, stamp in states.items() if key.endswith(".json")}
        known = self._known
        missing = sorted(k for k, stamp in stamps.items() if known.get(k, ("",))[0] != stamp)
        read = zip(missing, self._store.read_many(missing), strict=True)
        fresh = {key: (stamps[key], self._decoded(key, data)) for key, data in read}
        self._known = {key: fresh.get(key) or known[key] for key in stamps}
        found = (batch for _, batch in self._known.values())
        return sorted(found, key=lambda batch: (batch.made_at, batch.batch_id))

    def _decoded(self, key: str, data: bytes | None) -> CorrectionBatch:
        try:
            return CorrectionBatch.from_bytes(data or b"")
        except RecordError as error:
            remedy = "" if error.needed_release else "; bring the object back from a backup"
            raise StorageError(f"{self._store.address(key)}: {error}{remedy}") from error


def undone_by(batches: Iterable[CorrectionBatch]) -> Mapping[str, CorrectionBatch]:
    """By the identifier of what no longer counts, a correction or an undo, the batch that undid it.

    An undo that was undone later undoes nothing. Pure.
    """
    undone: dict[str, CorrectionBatch] = {}
    for batch in sorted(batches, key=lambda each: (each.made_at, each.batch_id), reverse=True):
        for undo in batch.undone:
            if undo.undo_id not in undone:
                undone[undo.undoes] = batch
    return undone


def said_in(batches: Iterable[CorrectionBatch]) -> list[Said]:
    """All corrections, the earliest first. Pure."""
    listed = sorted(batches, key=lambda batch: (batch.made_at, batch.batch_id))
    undone = undone_by(listed)
    settled = {
        settlement.holds: (settlement, batch)
        for batch in listed
        for settlement in batch.settled
        if settlement.settlement_id not in undone
    }
    said = [
        Said(
            correction,
            batch,
            undone.get(correction.correction_id),
            *settled.get(correction.correction_id, ()),
        )
        for batch in listed
        for correction in batch.corrections
    ]
    return sorted(said, key=lambda each: each.order)


def undos(
    batches: Iterable[CorrectionBatch],
    identifiers: Iterable[str],
    person: str | None,
    batch_id: str,
) -> tuple[tuple[Undo, ...], list[str]]:
    """What undoes corrections, settlements, batches and undos by identifier, and all that a person
    corrected and settled; and the identifiers that nothing has. What is undone already is left out.
    Pure.
    """
    listed = list(batches)
    undone = undone_by(listed)
    members: dict[str, list[str]] = {}
    of_person: list[str] = []
    for batch in listed:
        said = [c.correction_id for c in batch.corrections]
        said += [s.settlement_id for s in batch.settled]
        if batch.made_by == person:
            of_person += said
        held = said + [u.undo_id for u in batch.undone]
        members |= {each: [each] for each in held} | {batch.batch_id: held}
    wanted = list(identifiers)
    unknown = [each for each in wanted if each not in members]
    named = [each for one in wanted for each in members.get(one, [])]
    left = [each for each in dict.fromkeys(named + of_person) if each not in undone]
    found = (Undo(f"{batch_id}-{number:05d}", each) for number, each in enumerate(left))
    return tuple(found), unknown
