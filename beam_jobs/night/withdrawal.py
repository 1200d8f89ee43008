"""The day that a recording left: published after the day that has it now, and without it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from af3core.storage.store import Store
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.parquet_encoding import encode_columns, shard_columns
from beam_jobs.framework.publishing import Assembled, Publisher, Stamps, publish_objects
from schemas import layout
from schemas.records import MovedRecording
from schemas.tables.night_tables import RECORDINGS, SHARDED_TABLES

_ID = "recording_id"

Arrived = Mapping[str, Sequence[MovedRecording]]
"""What came from other days, by day."""


def publishing_rounds(arrived: Arrived) -> Iterator[frozenset[str]]:
    """The days in the order in which they are published: none before a day that has now what it
    had. Days that exchanged recordings are published together. Pure.
    """
    left = set(arrived)
    while left:
        waited_for = {
            moved.moved_from for day in left for moved in arrived[day] if moved.moved_from != day
        }
        now = frozenset(left - waited_for) or frozenset(left)
        yield now
        left -= now


def left_days(arrived: Arrived) -> dict[str, set[str]]:
    """Recordings by the day that they left, of days that are not published themselves. Pure."""
    left: dict[str, set[str]] = {}
    for came in arrived.values():
        for moved in came:
            if moved.moved_from not in arrived:
                left.setdefault(moved.moved_from, set()).add(moved.recording_id)
    return left


def withdraw_rows(
    store: Store, publisher: Publisher, corpus: str, date: str, recordings: Collection[str]
) -> int:
    """Take the rows of recordings out of a day, its other rows as they are; a recording that the
    day is planned with stays.

    Returns:
        How many recordings the day had.
    """
    manifest = Ledger(store).manifest(corpus, date)
    planned = {r.recording_id for r in manifest.recordings} if manifest else set()
    names = pa.array(sorted(set(recordings) - planned))

    def keys() -> list[str]:
        prefixes = [layout.partition_prefix(table.name, corpus, date) for table in SHARDED_TABLES]
        listed = (key for found in store.walk(prefixes) for key in found)
        return [key for key in listed if layout.shard_count_of(key)]

    def assemble(stamps: Stamps) -> Assembled[int]:
        objects: dict[str, bytes | None] = {}
        withdrawn = 0
        for key in stamps:
            rows = shard_columns(store, key)
            kept = rows.filter(pc.invert(pc.is_in(rows[_ID], names)))
            if kept.num_rows < rows.num_rows:
                objects[key] = encode_columns(kept)
                is_recordings = layout.table_of(key) == RECORDINGS.name
                withdrawn += (rows.num_rows - kept.num_rows) * is_recordings
        return Assembled(objects, withdrawn)

    if not len(names):
        return 0
    claim_key = layout.publish_claim_key(corpus, date, publisher.stage)
    return publish_objects(store, claim_key, publisher, keys, assemble)
