"""Outputs to clean: nights over a small archive, cut in one way and then in another."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from pathlib import Path

from af3core.storage.address import store_at
from af3core.storage.concurrency import map_concurrently
from af3core.storage.store import Store
from beam_jobs.clean.clean_job import clean
from beam_jobs.framework.job import Outcome
from schemas import layout
from schemas.record_format import stored_bytes
from schemas.records import SegmentedRecording
from tests.beam_jobs.small_night import night, rows

CUT, OTHERWISE = ("--max-clip-s=600",), ("--max-clip-s=30",)


def nights_cut_twice(archive: Path | str, out: Path | str, checkpoint: Path) -> Store:
    """A night whose recordings were cut otherwise before; gives the output's store."""
    night(archive, out, checkpoint, *CUT)
    night(archive, out, checkpoint, *OTHERWISE)
    return store_at(str(out))


def cleaned(store: Store, removes: bool = True) -> Outcome:
    """An output as it is cleaned when all of it is old."""
    return clean(store, keep_s=-1, removes=removes, settled_s=-1)


def keys_below(store: Store, prefix: str) -> list[str]:
    [found] = store.walk([prefix])
    return found


def check_whole(store: Store, out: Path | str) -> None:
    """No published row and no cut names a clip that is not there."""
    check_clips(store, {row["clip_uri"] for row in rows(out, "segments")})


def check_clips(store: Store, published: Collection[str] = ()) -> None:
    """No cut names a clip that is not there, and none of the published ones is gone."""
    named = set(published)
    for data in store.read_many(keys_below(store, "ledger/segment/")):
        named |= {clip.clip_uri for clip in SegmentedRecording.from_bytes(data or b"").clips}
    there = store.exists(sorted(named))
    assert [key for key, is_there in zip(sorted(named), there, strict=True) if not is_there] == []


def add_orphans(store: Store, count: int) -> None:
    """Cuts of recordings that nothing names, each with a clip: copies of a cut of the output."""
    [data] = store.read_many(keys_below(store, "ledger/segment/")[:1])
    cut = SegmentedRecording.from_bytes(data or b"")

    def add(number: int) -> None:
        owner = f"{number:024x}"
        key = layout.clip_key(owner, cut.segmentation_hash, 0, 1000)
        clip = dataclasses.replace(cut.clips[0], recording_id=owner, clip_uri=key)
        store.write(key, b"sound")
        orphan = dataclasses.replace(cut, recording_id=owner, clips=(clip,))
        store.write(layout.segmented_key(owner, cut.segmentation_hash), stored_bytes(orphan))

    map_concurrently(add, range(count))
