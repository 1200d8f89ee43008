"""Replaced objects of tables: kept while somebody may read them, then removed by later jobs."""

from __future__ import annotations

import contextlib

from af3core.errors import StorageError
from af3core.storage.concurrency import map_concurrently
from af3core.storage.folder import FolderStore
from af3core.storage.store import Store
from beam_jobs.framework.table_snapshot import held_states
from schemas import layout

KEEP_S = 1800.0
"""How long a reader may take for what it listed."""


def remove_superseded(store: Store, keep_s: float = KEEP_S) -> int:
    """Remove replaced objects that are older than `keep_s` by the storage's own clock.

    What is read in the place of a day that is being replaced stays, also where its writer died.

    Returns:
        How many were removed. Where the storage is in trouble, fewer: the job meets the same.
    """
    with contextlib.suppress(StorageError, FileNotFoundError):
        old = [key for key, age_s in store.ages_s("superseded/").items() if age_s > keep_s]
        if old:
            held = held_states(store, store.states(["published/"]))
            read = {layout.superseded_key(key, stamp) for key, stamp in held.items() if stamp}
            gone = sorted(set(old) - read)
            map_concurrently(store.delete, gone)
            if isinstance(store, FolderStore):
                store.remove_empty_folders(gone)
            return len(gone)
    return 0
