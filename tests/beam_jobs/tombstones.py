"""Tombstones as `af3 withdraw` writes them, for tests of what honours them."""

from __future__ import annotations

from collections.abc import Sequence

from af3core.storage.store import Store
from beam_jobs.framework.withdrawn import address_hash, forget_held
from schemas import layout
from schemas.record_format import stored_bytes
from schemas.records import NightManifest, Recording
from schemas.withdrawal_records import Restoration, Tombstone

AT = "2026-11-30T08:00:00.000+00:00"


def tombstone(
    corpus: str,
    recording_id: str,
    content_sha256: str,
    sound_sha256: str = "",
    addresses: Sequence[str] = (),
    name: str = "",
    until: str = "",
) -> Tombstone:
    """A tombstone, called by its recording where it has no other name."""
    hashes = tuple(map(address_hash, addresses))
    return Tombstone(
        *(name or recording_id, corpus, recording_id, content_sha256, sound_sha256, hashes, AT),
        until=until,
    )


def bury(store: Store, stone: Tombstone) -> None:
    """Write a tombstone."""
    assert store.create(layout.tombstone_key(stone.corpus, stone.tombstone_id), stored_bytes(stone))
    forget_held(store)


def restore(store: Store, stone: Tombstone) -> None:
    """Say that a tombstone no longer counts."""
    key = layout.restoration_key(stone.corpus, stone.tombstone_id)
    assert store.create(key, stored_bytes(Restoration(stone.tombstone_id, AT)))
    forget_held(store)


def withdraw(store: Store, manifest: NightManifest, name: str) -> Recording:
    """Withdraw the recording of a plan whose object ends so; gives it."""
    [found] = [r for r in manifest.recordings if any(uri.endswith(name) for uri in r.uris)]
    hashes = (found.recording_id, found.content_sha256, found.sound_sha256, found.uris)
    bury(store, tombstone(manifest.corpus, *hashes))
    return found
