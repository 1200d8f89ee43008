"""The tables as readers see them: all objects of a day of one moment, between two publishes.

An object in one state is found below `tables/` until it is replaced, and below `superseded/` for
half an hour after that, so that what was listed can be read.
"""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Self

import pyarrow as pa

from af3core.errors import StorageError
from af3core.storage.store import Store
from beam_jobs.framework.parquet_encoding import shard_columns
from beam_jobs.framework.publishing import replacement_of
from beam_jobs.framework.withdrawn import withdrawals
from beam_jobs.framework.withdrawn_rows import naming_columns, shown_columns
from schemas import layout
from schemas.tables.derived_tables import ALL_TABLES

Row = dict[str, Any]
Day = tuple[str, str]
"""Corpus and archive day."""
_TABLES = {table.name: table for table in ALL_TABLES}
_CONTENDED_S = 60.0
"""How long a listing is tried anew while the same day is published again and again."""


@dataclass(frozen=True)
class TableSnapshot:
    """Objects of tables of one moment.

    Attributes:
        store: where they lie.
        stamps: their states by key, in the order of keys.
        sizes_bytes: by key, of those that were listed; nothing of what is read from copies.
    """

    store: Store
    stamps: Mapping[str, str]
    sizes_bytes: Mapping[str, int] = field(default_factory=dict)

    def shards(self, table: str, corpus: str = "", date: str = "") -> list[str]:
        """Keys of a table's objects; of a corpus, or one of its days."""
        prefix = f"tables/{table}/" + (f"corpus={corpus}/" if corpus else "")
        prefix += f"date={date}/" if date else ""
        return [key for key in self.stamps if key.startswith(prefix)]

    def by_table(self) -> dict[str, list[str]]:
        """Keys by table."""
        found: dict[str, list[str]] = {}
        for key in self.stamps:
            found.setdefault(layout.table_of(key), []).append(key)
        return found

    def dates(self, table: str, corpus: str) -> list[str]:
        """The days of a corpus that a table has, in order."""
        return sorted({layout.date_of_shard(key) for key in self.shards(table, corpus)})

    def rows(self, table: str, corpus: str, date: str) -> Iterator[Row]:
        """All rows of a table's day, shard by shard."""
        for key in self.shards(table, corpus, date):
            yield from self.columns(key).to_pylist()

    def by_recording(
        self, tables: Sequence[str], corpus: str, date: str
    ) -> dict[str, dict[str, list[Row]]]:
        """The rows of several tables of a day: by table and recording, in the tables' order."""
        found: dict[str, dict[str, list[Row]]] = {}
        for table in tables:
            of_table = found.setdefault(table, {})
            for row in self.rows(table, corpus, date):
                of_table.setdefault(row["recording_id"], []).append(row)
        return found

    def only(self, is_wanted: Callable[[str], bool]) -> Self:
        """The objects whose keys are wanted."""
        found = {key: stamp for key, stamp in self.stamps.items() if is_wanted(key)}
        return dataclasses.replace(self, stamps=found)

    def columns(self, key: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A shard, or some columns of it, with all columns that this release knows; without the
        rows of what is withdrawn.

        Raises:
            StorageError: as `stored_columns`, or what is withdrawn cannot be told.
            TableError: it needs another release.
        """
        hidden = withdrawals(self.store)
        if not hidden:
            return self.stored_columns(key, columns)
        table, (corpus, _) = _TABLES[layout.table_of(key)], layout.day_of(key)
        wanted = columns and list(dict.fromkeys((*columns, *naming_columns(table))))
        shown = shown_columns(self.stored_columns(key, wanted), table, corpus, hidden)
        return shown.select(list(columns)) if columns else shown

    def stored_columns(self, key: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The like, with the rows of what is withdrawn: for what keeps or removes their objects.

        Raises:
            StorageError: it is damaged, replaced for longer than replaced objects are kept, or the
                storage is in trouble.
            TableError: it needs another release.
        """
        try:
            return shard_columns(self.store, key, columns, self.stamps[key])
        except FileNotFoundError:
            kept = layout.superseded_key(key, self.stamps[key])
        try:
            return shard_columns(self.store, key, columns, copy=kept)
        except FileNotFoundError as error:
            raise replaced_since(self.store, key) from error


def take_snapshot(
    store: Store,
    tables: Iterable[str],
    corpus: str = "",
    since: str = "",
    until: str = "",
) -> TableSnapshot:
    """The objects of tables now: of all corpora, or one, or its days from `since` to `until`.

    One listing for each table, and two of what is published.

    Raises:
        StorageError: the same day was published again and again meanwhile.
    """
    if corpus and since and since == until:
        prefixes = [layout.partition_prefix(table, corpus, since) for table in tables]
    elif corpus:
        prefixes = [layout.partitions_prefix(table, corpus) for table in tables]
    else:
        prefixes = [f"tables/{table}/" for table in tables]
    found, last = list_shards(store, prefixes), until or "9999-12-31"
    return found.only(lambda key: since <= layout.date_of_shard(key) <= last)


def partition_rows(store: Store, table: str, corpus: str, date: str) -> Iterator[Row]:
    """All rows of one table's day."""
    return take_snapshot(store, [table], corpus, date, date).rows(table, corpus, date)


def rows_by_recording(
    store: Store, tables: Sequence[str], corpus: str, date: str
) -> dict[str, dict[str, list[Row]]]:
    """The rows of several tables of a day, all of one moment: by table and recording, in the
    tables' order.
    """
    return take_snapshot(store, tables, corpus, date, date).by_recording(tables, corpus, date)


def list_shards(store: Store, prefixes: Sequence[str]) -> TableSnapshot:
    """The shards below prefixes, the objects of each day of one moment.

    What is published is listed before and after: days that are other ones then are listed again.

    Raises:
        StorageError: the same day was published again and again meanwhile.
    """
    settled: dict[str, str] = {}
    sizes_bytes: dict[str, int] = {}
    wanted, begun = list(prefixes), time.monotonic()
    while wanted:
        published = _published_prefixes(wanted)
        before = store.states(published)
        held = held_states(store, before)
        listed = store.listing(wanted)
        after = store.states(published)
        moved = {layout.day_of(key) for key, _ in before.items() ^ after.items()}
        states = {key: each.stamp for key, each in listed.items()}
        settled |= _as_published(states, held, wanted, moved)
        sizes_bytes |= {key: each.size_bytes for key, each in listed.items() if key not in held}
        if moved and time.monotonic() - begun > _CONTENDED_S:
            raise StorageError(
                f"{store.address('published/')}: published again and again; run it again"
            )
        wanted = _of_days(wanted, moved)
        if wanted:
            time.sleep(random.uniform(0.01, 0.1))
    return TableSnapshot(store, dict(sorted(settled.items())), sizes_bytes)


@contextmanager
def open_state(store: Store, key: str, stamp: str) -> Iterator[BinaryIO]:
    """A shard in one state as a file of this machine, wherever it is found now.

    Raises:
        FileNotFoundError: it was replaced for longer than replaced objects are kept.
    """
    try:
        with store.local_file(key, stamp) as file:
            yield file
            return
    except FileNotFoundError:
        pass
    with store.local_file(layout.superseded_key(key, stamp)) as file:
        yield file


class UnreadableTables(StorageError):
    """Objects of tables are damaged, gone since they were listed, or out of reach."""


def replaced_since(store: Store, key: str) -> UnreadableTables:
    """That a state can be read no more."""
    return UnreadableTables(f"{store.address(key)}: replaced since it was listed; run it again")


def _published_prefixes(prefixes: Iterable[str]) -> list[str]:
    """Where it is said how the days below prefixes of tables are published."""
    found = set(map(layout.published_prefix, prefixes))
    return sorted(p for p in found if not any(p != o and p.startswith(o) for o in found))


def held_states(store: Store, published: Mapping[str, str]) -> dict[str, str]:
    """By key the states that are read of what is being replaced; empty of what is not there yet."""
    marks = [key for key in published if layout.is_replacement(key)]
    held: dict[str, str] = {}
    for data in store.read_many(marks):
        if data is not None:  # else it ended meanwhile, and the day is listed again
            held |= replacement_of(data).held
    return held


def _as_published(
    states: Mapping[str, str],
    held: Mapping[str, str],
    prefixes: Sequence[str],
    moved: Collection[Day],
) -> dict[str, str]:
    """What readers take of what was listed; nothing of days that changed meanwhile."""
    below = tuple(prefixes)
    found = {**states, **{key: stamp for key, stamp in held.items() if key.startswith(below)}}
    return {
        key: stamp
        for key, stamp in found.items()
        if stamp and layout.shard_count_of(key) and layout.day_of(key) not in moved
    }


def _of_days(prefixes: Sequence[str], days: Collection[Day]) -> list[str]:
    """Prefixes of these days alone."""
    found = set()
    for prefix in prefixes:
        for corpus, date in days:
            narrow = layout.partition_prefix(layout.table_of(prefix), corpus, date)
            if narrow.startswith(prefix):
                found.add(narrow)
    return sorted(found)
