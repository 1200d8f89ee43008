"""The table `corrections`: what the batches of a corpus come to, for all who read tables."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from af3core.storage.store import Store
from af3core.tasks.text_segmentation import word_count
from beam_jobs.corrections.correction_log import Said, read_batches, said_in
from beam_jobs.framework.parquet_encoding import encode_table
from beam_jobs.framework.publishing import (
    Assembled,
    Publisher,
    Stamps,
    begun_keys,
    publish_objects,
)
from beam_jobs.framework.withdrawn import withdrawals
from schemas import layout
from schemas.correction_records import VALUE_KINDS, CorrectionBatch
from schemas.tables.correction_tables import CORRECTIONS

STAGE = "correct"


def publish_corrections(
    store: Store,
    corpus: str,
    run_id: str,
    read: Callable[[], list[CorrectionBatch]] | None = None,
) -> int:
    """Bring the table of a corpus up to date with its batches; gives how many objects changed.

    The rows follow from the batches alone. Of writers at once the last one has read all batches, so
    that what one left undone is done by the next; also where one died that had replaced objects,
    and readers still read what was there before.

    Args:
        read: gives the batches as they are when it is called; called in each attempt.

    Raises:
        StorageError: the storage is in trouble, or a batch is damaged.
    """

    def rows_by_key() -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {key: [] for key in _shards(store, corpus)}
        hidden = withdrawals(store)
        for said in said_in(read() if read else read_batches(store, corpus)):
            if hidden.covers(corpus, said.correction.recording_id):
                continue
            key = layout.shard_key(CORRECTIONS.name, corpus, said.correction.date, 0, 1)
            found.setdefault(key, []).append(_row(said))
        return found

    def assemble(stamps: Stamps) -> Assembled[int]:
        encoded = {
            key: encode_table(CORRECTIONS, rows)
            for key, rows in rows_by_key().items()
            if key in stamps
        }
        held = dict(zip(encoded, store.read_many(list(encoded)), strict=True))
        begun = begun_keys(store, corpus, STAGE)
        changed = {k: data for k, data in encoded.items() if data != held[k] or k in begun}
        return Assembled(changed, len(changed))

    claim_key = layout.claim_key("corrections", corpus)
    return publish_objects(store, claim_key, Publisher(STAGE, run_id), rows_by_key, assemble)


def _shards(store: Store, corpus: str) -> list[str]:
    [keys] = store.walk([layout.partitions_prefix(CORRECTIONS.name, corpus)])
    return [key for key in keys if layout.shard_count_of(key)]


def _row(said: Said) -> dict[str, Any]:
    correction, batch = said.correction, said.batch
    start_ms, end_ms = correction.new_times_ms or (None, None)
    settlement = said.settlement
    is_value = correction.kind in VALUE_KINDS
    held = {name: getattr(correction, name) for name in _SAME}
    return held | {
        "batch_id": batch.batch_id,
        "aspect": correction.aspect,
        "new_word_count": word_count(correction.new_value) if is_value else None,
        "reason": correction.reason or batch.reason,
        "corrected_by": batch.made_by,
        "corrected_at": _when(batch),
        "undone_by": said.undone.made_by if said.undone else None,
        "undone_at": _when(said.undone),
        "new_start_ms": start_ms,
        "new_end_ms": end_ms,
        "sound_sha256": correction.sound_sha256 or None,
        "settled_by": said.settled.made_by if said.settled else None,
        "settled_at": _when(said.settled),
        "settled_value": settlement.settled_value if settlement else None,
    }


def _when(batch: CorrectionBatch | None) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(batch.made_at) if batch else None


_SAME = (
    *("correction_id", "recording_id", "content_sha256", "source", "task_id", "start_ms"),
    *("end_ms", "channel", "kind", "old_value", "new_value"),
)
