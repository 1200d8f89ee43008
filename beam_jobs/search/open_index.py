"""The index while it is read: opened once per state, its age looked up beside the searches."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from af3core.storage.address import store_at
from af3core.storage.store import Store
from beam_jobs.search.index_files import index_folder
from beam_jobs.search.index_state import (
    IndexState,
    behind,
    behind_notice,
    no_index,
    published,
    read_state,
)
from beam_jobs.search.lance_index import TEXT_TABLE, LanceIndex
from beam_jobs.search.request import SearchError
from schemas import layout

_AGE_KNOWN_S = 10.0
"""How old the knowledge may be whether the index is behind the tables."""
_TRIES = 5

UNUSABLE = (RuntimeError, OSError, ValueError)
"""What LanceDB raises where its files are damaged."""


@dataclass(frozen=True)
class OpenIndex:
    """The tables of one state of the index.

    Attributes:
        documents: None where no document was indexed.
        vectors: by name of the table.
    """

    state: IndexState
    documents: Any | None
    vectors: Mapping[str, Any]


class IndexReader:
    """Opens the index of an output folder or bucket prefix; several threads may ask."""

    def __init__(self, out: str) -> None:
        self._out = out
        self._store: Store = store_at(out)
        self._lock = threading.Lock()
        self._opened: tuple[str, OpenIndex] | None = None
        self._looked = 0.0
        self._notice: Future[str] | None = None
        self._looking = ThreadPoolExecutor(1, "index-age")

    def opened(self) -> OpenIndex:
        """The index as it is now.

        Raises:
            ConfigurationError: there is none.
            SearchError: it is damaged.
        """
        with self._lock:
            [stamp] = self._store.stamps([layout.INDEX_STATE_KEY])
            if stamp is None:
                raise no_index(self._out, self._store)
            if self._opened is None or self._opened[0] != stamp:
                self._opened = stamp, self._open()
            return self._opened[1]

    def notice(self) -> str:
        """That the index is behind the tables, or nothing; as of some seconds ago at most."""
        with self._lock:
            now = time.monotonic()
            if self._notice is None or now - self._looked > _AGE_KNOWN_S:
                earlier, self._looked = self._notice, now
                self._notice = self._looking.submit(self._look)
                if earlier is not None and earlier.done():
                    return earlier.result()
            notice = self._notice
        return notice.result()

    def look_ahead(self) -> None:
        """Begin to find out the first `notice` while other work is done."""
        with self._lock:
            if self._notice is None:
                self._looked = time.monotonic()
                self._notice = self._looking.submit(self._look)

    def _look(self) -> str:
        state = read_state(self._store)
        late = behind(state, published(self._store)) if state else []
        return behind_notice(self._out, late) if late else ""

    def _open(self) -> OpenIndex:
        for _ in range(_TRIES):
            state = read_state(self._store)
            if state is None:
                raise SearchError(
                    f"--out {self._out}: the index is of an earlier version; run"
                    f" af3 index --out {self._out} again"
                )
            try:
                return self._open_state(state)
            except FileNotFoundError:
                continue  # replaced while it was fetched
        raise SearchError(f"--out {self._out}: the index changes all the time; try again")

    def _open_state(self, state: IndexState) -> OpenIndex:
        folder = index_folder(self._store, state)
        try:
            index = LanceIndex(folder)
            names = index.tables()
            vectors = {name: index.table(name) for name in names if name != TEXT_TABLE}
            documents = index.table(TEXT_TABLE) if TEXT_TABLE in names else None
        except UNUSABLE as error:
            raise unusable(self._store, error) from error
        if documents is None and any(p.documents for p in state.partitions.values()):
            raise unusable(self._store, FileNotFoundError(str(folder)))
        return OpenIndex(state, documents, vectors)


def unusable(store: Store, error: Exception) -> SearchError:
    """The index cannot be read, with the remedy."""
    first = (str(error).splitlines() or [type(error).__name__])[0][:200]
    address = store.address("indexes")
    return SearchError(
        f"{address}: the index cannot be used ({first}); if it stays so, delete this folder and run"
        " af3 index again"
    )
