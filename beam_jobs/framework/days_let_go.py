"""The days of a corpus that were let go for their age."""

from __future__ import annotations

from af3core.errors import StorageError
from af3core.storage.store import Store
from schemas import layout
from schemas.record_format import RecordError
from schemas.retention_records import DayLetGo


def days_let_go(store: Store, corpus: str) -> dict[str, DayLetGo]:
    """The days that were let go, or begun to be; one listing.

    Raises:
        StorageError: a record is damaged, or the storage is in trouble.
    """
    keys = [k for k in store.children(layout.days_let_go_prefix(corpus)) if k.endswith(".json")]
    found = {}
    for key, data in zip(keys, store.read_many(keys), strict=True):
        try:
            record = DayLetGo.from_bytes(data or b"")
        except RecordError as error:
            raise StorageError(
                f"{store.address(key)}: {error}; bring it back, or remove it"
            ) from error
        found[record.date] = record
    return found
