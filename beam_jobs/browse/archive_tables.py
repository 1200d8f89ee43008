"""The tables behind the pages: which objects hold the rows that are wanted, and SQL over those.

Nothing that is read is kept beyond a request but under the stamp of its object: what is published
is seen with the next request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

import duckdb

from af3core.errors import ConfigurationError, StorageError
from af3core.storage.address import is_bucket, store_at
from af3core.storage.store import Store
from beam_jobs.browse.object_copies import ObjectCopies
from beam_jobs.query import open_views
from beam_jobs.search.documents import Partition
from schemas import layout
from schemas.derived_tables import ALL_TABLES
from schemas.identity import shard_of

Row = dict[str, Any]
Stamps = dict[str, str]
"""Objects with their states."""
Result = TypeVar("Result")

_CORPUS = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_RECORDING = re.compile(r"[0-9a-f]{12,64}")
_TRIES = 3


@dataclass(frozen=True, order=True)
class Place:
    """A recording in one partition."""

    partition: Partition
    recording_id: str


class ArchiveTables:
    """The tables of an output folder or bucket prefix; several threads may read.

    Args:
        out: folder or gs://.
        copies: where objects of a bucket are kept under their stamps; None reads a folder.
    """

    def __init__(self, out: str, copies: ObjectCopies | None) -> None:
        self.out = out
        self.store: Store = store_at(out)
        self._copies = copies

    def stamps(self, tables: Iterable[str], corpus: str = "") -> Stamps:
        """All objects of tables, or those of one corpus, as they are now."""
        if corpus and not _CORPUS.fullmatch(corpus):
            return {}
        below = f"corpus={corpus}/" if corpus else ""
        return self._listed([f"tables/{table}/{below}" for table in tables])

    def stamps_of_partitions(
        self, tables: Iterable[str], partitions: Iterable[Partition]
    ) -> Stamps:
        """The objects of some partitions."""
        days = [day for day in partitions if _can_be(day)]
        return self._listed(
            [layout.partition_prefix(table, d.corpus, d.date) for table in tables for d in days]
        )

    def stamps_of_places(self, tables: Iterable[str], places: Iterable[Place]) -> Stamps:
        """The objects that hold rows of some recordings, or could: one shard of each partition."""
        wanted: dict[Partition, set[str]] = {}
        for place in places:
            wanted.setdefault(place.partition, set()).add(place.recording_id)
        found = self.stamps_of_partitions(tables, wanted)
        return {key: found[key] for key in found if _may_hold(key, wanted[partition_of_key(key)])}

    def read(self, stamps: Stamps, ask: Callable[[duckdb.DuckDBPyConnection], Result]) -> Result:
        """Ask a database with views over these objects alone; tables without objects are empty.

        Raises:
            StorageError: the objects cannot be read.
        """
        for _ in range(_TRIES):
            try:
                root, objects = self._here(stamps)
                with open_views(root, objects) as connection:
                    return ask(connection)
            except duckdb.Error as error:
                # an object was replaced or removed while it was read
                failed, stamps = error, self._again(stamps)
        said = str(failed).splitlines()[0]
        raise StorageError(f"{self.out}: the tables cannot be read ({said})") from failed

    @contextmanager
    def object_here(self, key: str, stamp: str) -> Iterator[BinaryIO]:
        """One object in one state as a file of this machine, fetched once.

        Raises:
            FileNotFoundError: it is gone.
        """
        if self._copies is None:
            with self.store.local_file(key) as file:
                yield file
            return
        copies = self._copies.fetched(self.store, {key: stamp})
        if key not in copies:
            raise FileNotFoundError(key)
        with (self._copies.folder / copies[key]).open("rb") as file:
            yield file

    def close(self) -> None:
        """Remove what was copied."""
        if self._copies is not None:
            self._copies.close()

    def _here(self, stamps: Stamps) -> tuple[str, dict[str, list[str]]]:
        """A folder, and the keys of the objects in it by table."""
        objects: dict[str, list[str]] = {table.name: [] for table in ALL_TABLES}
        if self._copies is None:
            for key in stamps:
                objects[key.split("/")[1]].append(key)
            return self.out, objects
        for key, copy in self._copies.fetched(self.store, stamps).items():
            objects[key.split("/")[1]].append(copy)
        return str(self._copies.folder), objects

    def _again(self, stamps: Stamps) -> Stamps:
        return self._listed(sorted({key.rpartition("/")[0] + "/" for key in stamps}), set(stamps))

    def _listed(self, prefixes: Sequence[str], only: set[str] | None = None) -> Stamps:
        found = self.store.states(prefixes)
        return {
            key: stamp
            for key, stamp in sorted(found.items())
            if layout.shard_count_of(key) and (only is None or key in only)
        }


def open_tables(out: str) -> ArchiveTables:
    """The tables at an address.

    Raises:
        ConfigurationError: there are none.
    """
    tables = ArchiveTables(out, ObjectCopies() if is_bucket(out) else None)
    if not tables.stamps(["recordings"]):
        raise ConfigurationError(
            f"--out {out}: no tables there; name the folder that af3 annotate wrote to"
        )
    return tables


def partition_of_key(key: str) -> Partition:
    """The partition that an object of a table belongs to."""
    _, _, corpus, date, _ = key.split("/")
    return Partition(corpus.removeprefix("corpus="), date.removeprefix("date="))


def place_of(corpus: str, date: str, recording_id: str) -> Place | None:
    """A place by its names, or None where they are none that the tables can have."""
    place = Place(Partition(corpus, date), recording_id)
    return place if _can_be(place.partition) and _RECORDING.fullmatch(recording_id) else None


def rows_of(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any] | None = None
) -> list[Row]:
    """The rows of a query, by name of column."""
    result = connection.execute(sql, values)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _can_be(partition: Partition) -> bool:
    """Names come with requests too: none may lead to another folder."""
    return bool(_CORPUS.fullmatch(partition.corpus) and _DATE.fullmatch(partition.date))


def _may_hold(key: str, recordings: set[str]) -> bool:
    shards = layout.shard_count_of(key) or 1
    return any(f"part-{shard_of(r, shards):05d}-" in key for r in recordings)
