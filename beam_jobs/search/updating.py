"""One update of the index: a copy is filled, its files put in place, the state replaced last."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from af3core.storage.folder import FolderStore
from af3core.storage.store import Store
from beam_jobs.search.documents import Partition
from beam_jobs.search.filling import Filling
from beam_jobs.search.index_files import publish_files, sweep, working_copy
from beam_jobs.search.index_state import IndexState, partition_of
from beam_jobs.search.lance_index import LanceIndex
from beam_jobs.search.open_index import UNUSABLE, unusable
from schemas import layout


def update_index(
    out: str,
    store: Store,
    state: IndexState,
    todo: Sequence[Partition],
    tables: Mapping[Partition, str],
) -> IndexState:
    """Replace days in the index, for readers in one step; to be done by one at a time.

    Args:
        out: folder or gs:// of the tables.
        store: the same.
        state: of the index now.
        todo: the days.
        tables: stamps of the days that have tables; the others leave the index.

    Raises:
        SearchError: the index is damaged.
    """
    with working_copy(store, state) as folder:
        try:
            filling = Filling(out, store, _index(store, folder))
            held = filling.fill(todo, tables)
            trained = filling.finish(state.trained_rows)
        except UNUSABLE as error:
            raise unusable(store, error) from error
        files = publish_files(store, folder, state)
    left = set(todo)
    kept = {name: e for name, e in state.partitions.items() if partition_of(name) not in left}
    now = dataclasses.replace(
        state,
        partitions=dict(sorted((kept | held).items())),
        trained_rows=trained,
        files=files,
        retired=tuple(sorted(set(state.files) - set(files))),
    )
    store.write(layout.INDEX_STATE_KEY, json.dumps(now.to_json(), indent=1).encode())
    sweep(store, now)
    return now


def _index(store: Store, folder: Path) -> LanceIndex:
    """In a folder its readers read it itself; nobody reads the copy that goes to a bucket."""
    if isinstance(store, FolderStore):
        return LanceIndex(folder)
    return LanceIndex(folder, kept=datetime.timedelta())
