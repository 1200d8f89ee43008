"""What may still hold a removed recording beyond the objects of an output, why, and until when."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from af3core.errors import AccessDenied, StorageError
from af3core.storage.bucket import BucketStore
from af3core.storage.bucket_client import bucket_of, translate_errors
from af3core.storage.store import Store
from beam_jobs.withdrawal.tombstone_log import time_text
from schemas import layout
from schemas.record_format import RecordError
from schemas.trained_models import TrainedModel

_ALWAYS = (
    "the source: its objects are not changed; until the tombstone is lifted no run takes them",
    "backups and copies of the output that were made elsewhere, such as data warehouses that loaded"
    " its tables",
    "files that commands wrote outside of the output, such as subtitles and results of queries",
    "copies of the search index in the caches of other machines: for an hour after their next"
    " search",
    "models that were trained on exports of it elsewhere",
)
_HELD_BY_DESIGN = (
    "the audit log: its entries are chained by hashes and are not changed; it ends with its own"
    " retention"
)


def remains(store: Store, removed_at: datetime.datetime, foreign: int) -> tuple[str, ...]:
    """What remains, a line each.

    Args:
        removed_at: of the last object.
        foreign: how many files of the output that are not ours are the recording itself.

    Raises:
        StorageError: the storage is in trouble.
    """
    found = [*_of_storage(store, removed_at)]
    if foreign:
        found.append(f"{foreign} files of the source that lie in the folder of the output")
    if next(iter(store.stored(layout.AUDIT_LOG_PREFIX)), None) is not None:
        found.append(_HELD_BY_DESIGN)
    return (*found, *_ALWAYS)


def models_trained_on(store: Store, content_sha256: str) -> tuple[str, ...]:
    """Addresses of records of the models that `af3 tune` trained on a content, or judged by it.

    Raises:
        StorageError: the storage is in trouble, or a record is damaged.
    """
    [keys] = store.walk([layout.TRAINED_PREFIX])
    found = []
    for key, data in zip(keys, store.read_many(keys), strict=True):
        try:
            model = TrainedModel.from_bytes(data or b"")
        except RecordError as error:
            raise StorageError(
                f"{store.address(key)}: {error}; bring it back, or remove it"
            ) from error
        if any(each.content_sha256 == content_sha256 for each in model.recordings):
            found.append(store.address(key))
    return tuple(found)


def _of_storage(store: Store, removed_at: datetime.datetime) -> Iterator[str]:
    if not isinstance(store, BucketStore):
        yield "snapshots and deleted blocks of the file system, as it keeps them"
        return
    name = f"gs://{store.bucket}"
    try:
        with translate_errors(name):
            bucket = bucket_of(store.bucket)
            bucket.reload()
    except AccessDenied:  # a right of buckets, which the removal needs for nothing else
        yield (
            f"{name}: its policy could not be read; where it has soft delete or versions, removed"
            " objects stay as long as those say"
        )
        return
    policy = bucket.soft_delete_policy
    kept_s = int(policy.retention_duration_seconds or 0) if policy else 0
    if kept_s:
        end = time_text(removed_at + datetime.timedelta(seconds=kept_s))
        yield f"{name}: soft delete keeps removed objects for {kept_s / 86400:g} days, until {end}"
    if bucket.versioning_enabled:
        yield f"{name}: versions: removed objects stay noncurrent until its lifecycle ends them"
    if bucket.retention_period:
        yield f"{name}: retention of {bucket.retention_period} s refuses to remove younger objects"
