"""Objects of a bucket as files of DuckDB's: each fetched once, whole, verified, in one state.

DuckDB opens an object several times, and reads parts of it, which nothing verifies. Here the end
of a large object, where a Parquet file says what is in it, is fetched first, and the object once
DuckDB reads its rows; then the end is compared too. So a day that a query leaves out is not
fetched.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast

import duckdb
from fsspec import AbstractFileSystem

from af3core.errors import StorageError
from af3core.storage.bucket import BucketStore, ObjectState
from af3core.storage.bucket_client import SCHEME
from af3core.storage.concurrency import map_concurrently
from af3core.storage.copies_folder import CopiesFolder
from af3core.storage.os_errors import translate_os_errors
from beam_jobs.framework.table_snapshot import TableSnapshot, replaced_since
from schemas import layout

END_BYTES = 1 << 18
"""Fetched of an object to know what is in it; a smaller one is fetched whole."""
_FIXED = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


def read_copies(
    connection: duckdb.DuckDBPyConnection, snapshot: TableSnapshot, in_memory: bool = False
) -> None:
    """Let a database read shards of a bucket that were listed, each in the state of then.

    Args:
        snapshot: of a bucket's tables.
        in_memory: for a process that may write no file.

    Raises:
        StorageError: one of them cannot be read.
    """
    files = BucketFiles(snapshot, in_memory)
    files.look_at()
    connection.register_filesystem(files)
    # it would read the end of each object in blocks of 2 MiB, and keep once more what is here
    connection.execute("SET enable_external_file_cache = false")


class BucketFiles(AbstractFileSystem):  # type: ignore[misc]
    """What DuckDB asks of a file system, for `gs://` addresses that were listed before.

    What goes wrong is raised as the store's errors, whose text DuckDB passes on. The copies are
    gone with this object.
    """

    protocol = "gs"
    cachable = False

    def __init__(self, snapshot: TableSnapshot, in_memory: bool = False) -> None:
        super().__init__()
        store = cast(BucketStore, snapshot.store)
        self._folder = None if in_memory else CopiesFolder()
        self._copies: dict[str, _Copy] = {}
        for number, (key, stamp) in enumerate(snapshot.stamps.items()):
            place = Path(self._folder.name, str(number)) if self._folder else None
            size_bytes = snapshot.sizes_bytes.get(key)
            listed = None if size_bytes is None else ObjectState(int(stamp), size_bytes)
            self._copies[store.address(key)] = _Copy(store, key, stamp, listed, place)

    def glob(self, path: str, **_: Any) -> list[str]:
        """The address itself: it was listed."""
        return [path]

    def look_at(self) -> None:
        """Find objects and what is in them, many at once, before DuckDB does one by one.

        Raises:
            StorageError: one of them cannot be read.
        """
        map_concurrently(lambda copy: copy.look(), list(self._copies.values()))

    def size(self, path: str) -> int:
        """Bytes of an object."""
        return self._copy(path).look()

    def modified(self, _path: str) -> datetime.datetime:
        """The same always: an object is read in one state."""
        return _FIXED

    def _open(self, path: str, mode: str = "rb", **_: Any) -> _CopyFile:
        return _CopyFile(self._copy(path))

    def _copy(self, path: str) -> _Copy:
        return self._copies[SCHEME + path.removeprefix(SCHEME)]


class _Copy:
    """One shard: its end, or the whole as a file of this machine, or in memory without a path.

    It is read where it was listed until it is replaced there, and then where that state is kept.
    """

    def __init__(
        self,
        store: BucketStore,
        key: str,
        stamp: str,
        listed: ObjectState | None,
        path: Path | None,
    ) -> None:
        self._store, self._key, self._stamp, self._path = store, key, stamp, path
        self._listed = listed
        self._place = key
        self._lock = threading.Lock()
        self._state: ObjectState | None = None
        self._end = b""
        self._is_here = False
        self._bytes = BytesIO()

    def look(self) -> int:
        """Find the object and fetch its end, or all of a small one; gives its bytes' number."""
        with self._lock, self._told_gone():
            return self._find().size_bytes

    def read(self, start: int, count: int) -> bytes:
        """Bytes of the object from a place on."""
        with self._lock, self._told_gone():
            state = self._find()
            missing = state.size_bytes - len(self._end)
            if not self._is_here and self._end and start >= missing:
                return self._end[start - missing : start - missing + count]
            self._fetch(state)
        if self._path is None:  # several threads of DuckDB's read at once
            return bytes(self._bytes.getbuffer()[start : start + count])
        with self._opened("rb") as file:
            file.seek(start)
            return file.read(count)

    def _find(self) -> ObjectState:
        if self._state is None:
            if self._listed is not None:
                # in place, and most are there still
                with contextlib.suppress(FileNotFoundError):
                    self._state = self._look_at(self._listed)
                    return self._state
            self._state = self._look_at(self._find_place())
        return self._state

    def _find_place(self) -> ObjectState:
        with contextlib.suppress(FileNotFoundError):
            state = self._store.find_state(self._key)
            if str(state.generation) == self._stamp:
                return state
        self._place = layout.superseded_key(self._key, self._stamp)
        return self._store.find_state(self._place)

    def _look_at(self, state: ObjectState) -> ObjectState:
        if state.size_bytes <= END_BYTES:
            return self._fetch(state)
        with self._store.open_state(self._place, state) as file:
            file.seek(-END_BYTES, os.SEEK_END)
            self._end = file.read(END_BYTES)
        return state

    def _fetch(self, state: ObjectState) -> ObjectState:
        if self._is_here:
            return state
        with self._opened("w+b") as file:
            try:
                self._store.fetch(self._place, file, state.generation)
            except FileNotFoundError:
                # replaced since it was found
                state = self._find_place()
                self._store.fetch(self._place, file, state.generation)
            file.seek(state.size_bytes - len(self._end))
            if file.read() != self._end and self._end:
                raise StorageError(
                    f"{self._store.address(self._key)}: its end came changed; run it again"
                )
        self._is_here = True
        return state

    @contextmanager
    def _opened(self, mode: str) -> Iterator[BinaryIO]:
        if self._path is None:
            yield self._bytes
            return
        with translate_os_errors(self._path), self._path.open(mode) as file:
            yield cast(BinaryIO, file)

    @contextmanager
    def _told_gone(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise replaced_since(self._store, self._key) from error


class _CopyFile:
    """What DuckDB asks of an open file."""

    def __init__(self, copy: _Copy) -> None:
        self._copy = copy
        self._position = 0
        self.closed = False

    def seek(self, position: int, _whence: int = os.SEEK_SET) -> int:
        self._position = position
        return position

    def read(self, count: int) -> bytes:
        data = self._copy.read(self._position, count)
        self._position += len(data)
        return data

    def close(self) -> None:
        self.closed = True
