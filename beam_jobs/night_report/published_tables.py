"""What is published: the objects of the tables that a report reads, by corpus and date."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

import duckdb

from af3core.storage.address import store_at
from beam_jobs.framework.table_snapshot import TableSnapshot, list_shards
from beam_jobs.framework.views import ask_snapshot
from schemas import layout
from schemas.tables.night_tables import RECORDINGS, TABLES

Result = TypeVar("Result")
Ask = Callable[[duckdb.DuckDBPyConnection], Result]
"""Called again where an object was replaced while it read; gives what it read, whole."""


@dataclass(frozen=True)
class PublishedTables:
    """Recordings of all corpora, and all tables of one, all of one moment."""

    out: str
    corpus: str
    snapshot: TableSnapshot

    def dates(self, since: str, until: str) -> tuple[str, ...]:
        """The corpus's dates with tables, both ends included, in order."""
        found = self.snapshot.dates(RECORDINGS.name, self.corpus)
        return tuple(date for date in found if since <= date <= until)

    def ask_night(self, dates: Collection[str], ask: Ask[Result]) -> Result:
        """Ask the corpus's tables of these dates and no others."""
        days = {(self.corpus, date) for date in dates}
        return self._ask(lambda key: layout.day_of(key) in days, ask)

    def ask_recordings(self, since: str, until: str, ask: Ask[Result]) -> Result:
        """Ask the recordings of all corpora within an interval, in the one table."""
        recordings = set(self.snapshot.shards(RECORDINGS.name))
        return self._ask(
            lambda key: key in recordings and since <= layout.date_of_shard(key) <= until, ask
        )

    def _ask(self, is_wanted: Callable[[str], bool], ask: Ask[Result]) -> Result:
        wanted = self.snapshot.only(is_wanted)
        return ask_snapshot(self.out, wanted, [table.name for table in TABLES], ask)


def find_published(out: str, corpus: str) -> PublishedTables:
    """List the tables: one listing for each table, however many nights there are."""
    store = store_at(out)
    prefixes = [
        f"tables/{table.name}/"
        if table is RECORDINGS
        else layout.partitions_prefix(table.name, corpus)
        for table in TABLES
    ]
    return PublishedTables(out, corpus, list_shards(store, prefixes))
