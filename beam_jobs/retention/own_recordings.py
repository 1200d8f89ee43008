"""Which recordings are a corpus's alone: what another corpus has too is not its to remove."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from af3core.storage.store import Store
from beam_jobs.clean.names import NamesLost
from beam_jobs.framework.table_snapshot import take_snapshot
from beam_jobs.framework.withdrawn import withdrawals
from schemas import layout
from schemas.record_format import RecordError
from schemas.records import NightManifest
from schemas.tables.night_tables import RECORDINGS

_PLANS = 64
"""Read at once: each holds all recordings of a day."""


@dataclass(frozen=True)
class OwnRecordings:
    """Recordings of a corpus, by identifier.

    Attributes:
        alone: that no other corpus has, and no plan of the last hours, and that nobody withdrew.
        shared: that another has too.
        staying: that a plan of the last hours has, as a run may work on them, and what is
            withdrawn: a legal hold may keep it, and its removal leaves a certificate.
    """

    alone: frozenset[str]
    shared: frozenset[str]
    staying: frozenset[str]


def own_recordings(store: Store, corpus: str, settled_s: float) -> OwnRecordings:
    """Of the plans and the tables of all corpora.

    Args:
        settled_s: a plan written after this moment of the storage's clock may be worked on.

    Raises:
        NamesLost: a plan cannot be read.
        StorageError: the storage is in trouble.
    """
    own: set[str] = set()
    others: set[str] = set()
    planned: set[str] = set()
    plans = [p for p in store.stored("manifests/") if p.key.startswith("manifests/corpus=")]
    for first in range(0, len(plans), _PLANS):
        batch = plans[first : first + _PLANS]
        for plan, data in zip(batch, store.read_many([p.key for p in batch]), strict=True):
            try:
                manifest = NightManifest.from_bytes(data or b"")
            except RecordError as error:
                raise NamesLost(
                    f"{store.address(plan.key)}: cannot be read ({error}); plan its day again."
                    " Nothing was removed"
                ) from error
            found = set(_of_plan(manifest))
            (own if manifest.corpus == corpus else others).update(found)
            if plan.changed_s > settled_s:
                planned |= found
    snapshot = take_snapshot(store, [RECORDINGS.name])
    for key in snapshot.stamps:
        ids = {
            str(each)
            for each in snapshot.columns(key, ["recording_id"])["recording_id"].to_pylist()
        }
        (own if layout.day_of(key)[0] == corpus else others).update(ids)
    hidden = withdrawals(store)
    withdrawn = {each for each in own if hidden.covers(corpus, each)}
    return OwnRecordings(
        frozenset(own - others - planned - withdrawn),
        frozenset(own & others),
        frozenset(planned | withdrawn),
    )


def withdrawn_on(store: Store, corpus: str, dates: Collection[str]) -> set[str]:
    """The days of a corpus, of those given, whose tables hold what is withdrawn: a legal hold may
    keep it, and its removal leaves a certificate.

    Raises:
        StorageError: the storage is in trouble, or what is withdrawn cannot be told.
    """
    hidden = withdrawals(store)
    if not dates or not hidden:
        return set()
    found = set()
    snapshot = take_snapshot(store, [RECORDINGS.name], corpus)
    for key in snapshot.stamps:
        date = layout.date_of_shard(key)
        if date in dates:
            ids = snapshot.stored_columns(key, ["recording_id"])["recording_id"].to_pylist()
            if any(hidden.covers(corpus, str(each)) for each in ids):
                found.add(date)
    return found


def _of_plan(manifest: NightManifest) -> Iterable[str]:
    for recording in manifest.recordings:
        yield recording.recording_id
        if recording.same_sound_as:
            yield recording.same_sound_as
