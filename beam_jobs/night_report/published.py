"""What is published: the objects of the tables that a report reads, by corpus and date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from af3core.storage.address import store_at
from beam_jobs.query import open_views
from schemas import layout
from schemas.tables import RECORDINGS, TABLES

_PLACE = re.compile(r"tables/(?P<table>[^/]+)/corpus=(?P<corpus>[^/]+)/date=(?P<date>[^/]+)/")


@dataclass(frozen=True)
class Shard:
    """One object of a table."""

    table: str
    corpus: str
    date: str
    key: str


@dataclass(frozen=True)
class Published:
    """Recordings of all corpora, and all tables of one."""

    out: str
    corpus: str
    shards: tuple[Shard, ...]

    def dates(self, since: str, until: str) -> tuple[str, ...]:
        """The corpus's dates with tables, both ends included, in order."""
        found = {s.date for s in self.shards if _is_recordings(s) and s.corpus == self.corpus}
        return tuple(sorted(date for date in found if since <= date <= until))

    def night(self, dates: Sequence[str]) -> duckdb.DuckDBPyConnection:
        """The corpus's tables of these dates and no others, as views."""
        return self._views(s for s in self.shards if s.corpus == self.corpus and s.date in dates)

    def recordings(self, since: str, until: str) -> duckdb.DuckDBPyConnection:
        """The recordings of all corpora within an interval, as the one view."""
        return self._views(s for s in self.shards if _is_recordings(s) and since <= s.date <= until)

    def _views(self, shards: Iterable[Shard]) -> duckdb.DuckDBPyConnection:
        objects: dict[str, list[str]] = {table.name: [] for table in TABLES}
        for shard in shards:
            objects[shard.table].append(shard.key)
        return open_views(self.out, objects)


def find_published(out: str, corpus: str) -> Published:
    """List the tables: one listing for each table, however many nights there are."""
    store = store_at(out)
    prefixes = [
        f"tables/{table.name}/" if table is RECORDINGS else f"tables/{table.name}/corpus={corpus}/"
        for table in TABLES
    ]
    keys = (key for found in store.walk(prefixes) for key in found if layout.shard_count_of(key))
    places = ((key, _PLACE.match(key)) for key in keys)
    shards = (Shard(m["table"], m["corpus"], m["date"], key) for key, m in places if m)
    return Published(out, corpus, tuple(shards))


def _is_recordings(shard: Shard) -> bool:
    return shard.table == RECORDINGS.name
