"""The audit log's own retention: what is older goes, and the log says that it went."""

from __future__ import annotations

import datetime

from af3core.errors import StorageError
from af3core.storage.store import Store
from beam_jobs.audit_log.audit_log import audit_log_of
from beam_jobs.audit_log.chains import REMOVAL_SUBJECT
from schemas import layout


def older_than(store: Store, keep_days: int) -> tuple[str, list[str]]:
    """The first day that is kept, UTC by this machine's clock, and the keys of what is older.

    Raises:
        StorageError: the storage is in trouble.
    """
    today = datetime.datetime.now(datetime.UTC).date()
    first = (today - datetime.timedelta(days=keep_days)).isoformat()
    [keys] = store.walk([layout.AUDIT_LOG_PREFIX])
    places = ((key, layout.audit_log_place(key)) for key in keys)
    return first, [key for key, place in places if place and place[0] < first]


def remove_older(store: Store, keep_days: int, person: str) -> int:
    """Remove what is older; gives how many objects went. That it goes is logged before.

    Raises:
        StorageError: the storage is in trouble; nothing went, or a part of it.
    """
    first, keys = older_than(store, keep_days)
    if not keys:
        return 0
    with audit_log_of(store) as log:
        log.add(person, "remove_audit_log", {REMOVAL_SUBJECT: first, "objects": len(keys)})
        if not log.flush():
            raise StorageError(
                f"{store.address(layout.AUDIT_LOG_PREFIX)}: cannot be written; nothing was removed"
            )
        for key in keys:
            store.delete(key)
    return len(keys)
