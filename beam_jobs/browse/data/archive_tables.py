"""The tables behind the pages: which objects hold the rows that are wanted, and SQL over those.

Nothing that is read is kept beyond a request but under the stamp of its object: what is published
is seen with the next request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

import duckdb

from af3core.errors import StorageError
from af3core.storage.address import is_bucket, store_at
from af3core.storage.store import Store
from beam_jobs.browse.data.object_cache import ObjectCache
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.framework.corrected_rows import shown_rows, tables_shown
from beam_jobs.framework.outputs import no_tables
from beam_jobs.framework.table_snapshot import (
    TableSnapshot,
    UnreadableTables,
    list_shards,
    replaced_since,
)
from beam_jobs.framework.views import ask_snapshot, open_views
from beam_jobs.framework.withdrawn import withdrawals
from beam_jobs.search.documents import Partition
from schemas import layout
from schemas.identity import shard_of
from schemas.tables.correction_tables import CORRECTIONS
from schemas.tables.derived_tables import ALL_TABLES
from schemas.tables.speaker_tables import SPEAKERS

Row = dict[str, Any]
Stamps = dict[str, str]
"""Objects with their states."""
Result = TypeVar("Result")

_CORPUS = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_RECORDING = re.compile(r"[0-9a-f]{12,64}")
_TRIES = 3
_OF_ALL_DAYS = (CORRECTIONS.name, SPEAKERS.name)
"""Tables whose rows are of recordings of other days too."""


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

    def __init__(self, out: str, copies: ObjectCache | None) -> None:
        self.out = out
        self.store: Store = store_at(out)
        self._copies = copies

    @property
    def hidden(self) -> str:
        """The identity of what is withdrawn: what follows from rows is held under it too."""
        return withdrawals(self.store).identity

    def refuse_withdrawn(self, place: Place) -> None:
        """Raise Refusal where a recording is withdrawn."""
        if withdrawals(self.store).covers(place.partition.corpus, place.recording_id):
            raise Refusal(410, f"recording {place.recording_id}: withdrawn")

    def stamps(self, tables: Iterable[str], corpus: str = "") -> Stamps:
        """All objects of tables, or those of one corpus, as they are now."""
        if corpus and not _CORPUS.fullmatch(corpus):
            return {}
        below = f"corpus={corpus}/" if corpus else ""
        return self._list_stamps([f"tables/{table}/{below}" for table in tables])

    def stamps_of_partitions(
        self, tables: Iterable[str], partitions: Iterable[Partition]
    ) -> Stamps:
        """The objects of some partitions."""
        days = [day for day in partitions if _can_be(day)]
        return self._list_stamps(
            [layout.partition_prefix(table, d.corpus, d.date) for table in tables for d in days]
        )

    def stamps_of_places(self, tables: Iterable[str], places: Iterable[Place]) -> Stamps:
        """The objects that hold rows of some recordings, or could: one shard of each partition; and
        those that show them as people corrected them.
        """
        wanted: dict[Partition, set[str]] = {}
        for place in places:
            if _can_be(place.partition):
                wanted.setdefault(place.partition, set()).add(place.recording_id)
        shown = tables_shown(tables)
        of_days = [name for name in shown if name not in _OF_ALL_DAYS]
        found = self.stamps_of_partitions(of_days, wanted)
        corpora = sorted({partition.corpus for partition in wanted})
        beside = [n for n in shown if n in _OF_ALL_DAYS]
        of_all = [layout.partitions_prefix(name, c) for name in beside for c in corpora]
        held = {key: found[key] for key in found if _may_hold(key, wanted[partition_of_key(key)])}
        return held | (self._list_stamps(of_all) if of_all else {})

    def read(
        self,
        stamps: Stamps,
        ask: Callable[[duckdb.DuckDBPyConnection], Result],
        only: Collection[str] = (),
    ) -> Result:
        """Ask a database with views over these objects alone; tables without objects are empty.

        Args:
            only: names of the tables that are asked, where not all are: a view takes its time.

        Raises:
            StorageError: the objects cannot be read.
        """
        for _ in range(_TRIES):
            try:
                return self._read(stamps, ask, only)
            except (duckdb.Error, UnreadableTables) as error:
                # replaced by what keeps no copies, or so long ago that they are gone
                failed, stamps = error, self._again(stamps)
        said = str(failed).splitlines()[0]
        raise StorageError(f"{self.out}: the tables cannot be read ({said})") from failed

    def _read(
        self,
        stamps: Stamps,
        ask: Callable[[duckdb.DuckDBPyConnection], Result],
        only: Collection[str],
    ) -> Result:
        names = [table.name for table in ALL_TABLES if not only or table.name in only]
        if self._copies is None:
            return ask_snapshot(self.out, TableSnapshot(self.store, stamps), names, ask)
        objects: dict[str, list[str]] = {name: [] for name in names}
        copies = self._copies.fetch(self.store, stamps)
        for key in stamps:
            if key not in copies:
                raise replaced_since(self.store, key)
            objects[layout.table_of(key)].append(copies[key])
        hidden = withdrawals(self.store)
        with open_views(str(self._copies.folder), objects, hidden) as connection:
            return ask(connection)

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
        copies = self._copies.fetch(self.store, {key: stamp})
        if key not in copies:
            raise FileNotFoundError(key)
        with (self._copies.folder / copies[key]).open("rb") as file:
            yield file

    def close(self) -> None:
        """Remove what was copied."""
        if self._copies is not None:
            self._copies.close()

    def _again(self, stamps: Stamps) -> Stamps:
        return self._list_stamps(
            sorted({key.rpartition("/")[0] + "/" for key in stamps}), set(stamps)
        )

    def _list_stamps(self, prefixes: Sequence[str], only: set[str] | None = None) -> Stamps:
        found = list_shards(self.store, prefixes).stamps
        return {key: stamp for key, stamp in found.items() if only is None or key in only}


def open_tables(out: str) -> ArchiveTables:
    """The tables at an address.

    Raises:
        ConfigurationError: there are none.
    """
    tables = ArchiveTables(out, ObjectCache() if is_bucket(out) else None)
    if not tables.stamps(["recordings"]):
        raise no_tables(out)
    return tables


def partition_of_key(key: str) -> Partition:
    """The partition that an object of a table belongs to."""
    return Partition(*layout.day_of(key))


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


def source_of(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """What SQL reads to have a table as people corrected it: the table, where nobody did, as its
    view takes time.
    """
    is_corrected = connection.execute(f"SELECT 1 FROM {CORRECTIONS.name} LIMIT 1").fetchone()
    return shown_rows(table) if is_corrected else table


def _can_be(partition: Partition) -> bool:
    """Names come with requests too: none may lead to another folder."""
    return bool(_CORPUS.fullmatch(partition.corpus) and _DATE.fullmatch(partition.date))


def _may_hold(key: str, recordings: set[str]) -> bool:
    shards = layout.shard_count_of(key) or 1
    return any(f"part-{shard_of(r, shards):05d}-" in key for r in recordings)
