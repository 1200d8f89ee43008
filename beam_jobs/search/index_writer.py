"""Changes of the index, which LanceDB keeps: a table of documents with full text, and a table of
vectors per model.

Why LanceDB: of the engines that need no server it alone has phrases, filters and vectors over one
set of files that are never changed in place, so that a bucket can hold them. tantivy is faster at
phrases (0.1 against 2 ms among a million) and has no vectors; DuckDB's full text has no phrases,
is made anew as a whole, and comes by a download (tests/benchmarks/search_engines.py).
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from beam_jobs.search.documents import FIELDS, TEXT_TABLE, Partition
from beam_jobs.search.filters import sql_text
from beam_jobs.search.index_files import open_database

_KEYS = {"id": "BTree", "corpus": "Bitmap", "date": "BTree", "segment_id": "BTree"}
_TRAINED_ROWS = 50_000
"""Below it all vectors are compared, which is exact and takes some 20 ms."""
_GROWN = 2
"""The clusters of vectors are found anew when there are so many times more of them."""


@dataclass(frozen=True)
class IndexWriter:
    """Changes the index in a folder of this machine.

    Attributes:
        kept: how long states from before stay, for readers that have them open.
    """

    folder: Path
    kept: datetime.timedelta = datetime.timedelta(days=1)

    @cached_property
    def _database(self) -> Any:
        return open_database(self.folder)

    def tables(self) -> set[str]:
        """Names of the tables that there are."""
        return set(self._database.list_tables(limit=10_000).tables)

    def replace(self, name: str, partitions: Sequence[Partition], rows: pa.Table) -> None:
        """Put rows in the place of all that the table has of some partitions, in one step."""
        if name not in self.tables():
            if len(rows):
                self._database.create_table(name, rows)
            return
        table = self._database.open_table(name)
        held = _held_by(partitions)
        if table.count_rows(held):
            (
                table.merge_insert("id")
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .when_not_matched_by_source_delete(held)
                .execute(rows)
            )
        elif len(rows):
            table.add(rows)

    def remove(self, name: str, partitions: Sequence[Partition]) -> None:
        """Take all that a table has of some partitions out of it."""
        table = self._database.open_table(name)
        if table.count_rows(held := _held_by(partitions)):
            table.delete(held)

    def finish_documents(self) -> None:
        """Index what was added."""
        from lancedb.index import FTS, Bitmap, BTree, LabelList

        if TEXT_TABLE not in self.tables():
            return
        table = self._database.open_table(TEXT_TABLE)
        known = {column for index in table.list_indices() for column in index.columns}
        configurations: dict[str, Any] = {
            field: FTS(with_position=True, stem=False, remove_stop_words=False) for field in FIELDS
        }
        kinds = {"BTree": BTree, "Bitmap": Bitmap}
        configurations |= {column: kinds[kind]() for column, kind in _KEYS.items()}
        configurations |= {"flags": LabelList(), "languages": LabelList()}
        for column, configuration in configurations.items():
            if column not in known:
                table.create_index(column, config=configuration)
        table.optimize(cleanup_older_than=self.kept)

    def finish_vectors(self, name: str, trained_rows: int) -> int:
        """Index the vectors that were added; gives the rows that the clusters were found with."""
        from lancedb.index import BTree, IvfPq

        table = self._database.open_table(name)
        known = {column for index in table.list_indices() for column in index.columns}
        if "id" not in known:
            table.create_index("id", config=BTree())
        rows: int = table.count_rows()
        if rows >= max(_TRAINED_ROWS, _GROWN * trained_rows):
            dimensions = table.schema.field("vector").type.list_size
            # a byte per four numbers: a segment of 384 numbers takes 96 bytes of memory
            subs = next(n for n in (dimensions // 4, dimensions // 2, 1) if dimensions % n == 0)
            configuration = IvfPq(distance_type="cosine", num_sub_vectors=subs)
            table.create_index("vector", config=configuration)
            trained_rows = rows
        table.optimize(cleanup_older_than=self.kept)
        return trained_rows


def _held_by(partitions: Sequence[Partition]) -> str:
    each = (f"(corpus = {sql_text(p.corpus)} AND date = {sql_text(p.date)})" for p in partitions)
    return " OR ".join(each)
