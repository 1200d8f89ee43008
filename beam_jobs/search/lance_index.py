"""The index as LanceDB keeps it: a table of documents with full text, and a table per model of
vectors.

Why LanceDB: of the engines that need no server it alone has phrases, filters and vectors over one
set of files that are never changed in place, so that a bucket can hold them. tantivy is faster at
phrases (0.1 against 2 ms among a million) and has no vectors; DuckDB's full text has no phrases,
is made anew as a whole, and comes by a download (tests/benchmarks/search_engines.py).
"""

from __future__ import annotations

import datetime
import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from af3core.errors import ConfigurationError
from beam_jobs.search.documents import FIELDS, Partition
from schemas.columns import TEXTS
from schemas.identity import configuration_hash

TEXT_TABLE = "documents"
_FILTERED = (
    pa.field("kind", pa.string()),
    pa.field("corpus", pa.string()),
    pa.field("date", pa.string()),
    pa.field("recording_id", pa.string()),
    pa.field("segment_id", pa.string()),
    pa.field("flags", TEXTS),
    pa.field("flagged", pa.bool_()),
    pa.field("spoken", pa.bool_()),
)
DOCUMENTS = pa.schema(
    [
        pa.field("id", pa.string()),
        *_FILTERED,
        pa.field("object_uri", pa.string()),
        pa.field("start_ms", pa.int64()),
        pa.field("end_ms", pa.int64()),
        *(pa.field(name, pa.string()) for name in FIELDS),
    ]
)
"""One row per document; days are text, so that they compare as they sort."""
_KEYS = {"id": "BTree", "corpus": "Bitmap", "date": "BTree", "segment_id": "BTree"}
_TRAINED_ROWS = 50_000
"""Below it all vectors are compared, which is exact and takes some 20 ms."""
_GROWN = 2
"""The clusters of vectors are found anew when there are so many times more of them."""
_PROBES, _REFINED = 24, 8
"""Clusters looked into, and how many times the wanted vectors are compared exactly: of the nearest
ten among a million made-up vectors in clusters none was missed (tests/benchmarks/search.py)."""


def vectors_schema(dimensions: int) -> pa.Schema:
    """Rows of a table of vectors: half precision, of length 1."""
    vector = pa.field("vector", pa.list_(pa.float16(), dimensions))
    return pa.schema([pa.field("id", pa.string()), *_FILTERED, vector])


def vectors_table(sense: str, model: str) -> str:
    """The table of one model's vectors; vectors of two models never compare.

    Args:
        sense: text or audio.
        model: name and revision.
    """
    return f"{sense}-{configuration_hash(model)}"


@dataclass(frozen=True)
class LanceIndex:
    """The index in a folder of this machine.

    Attributes:
        kept: how long states from before stay, for readers that have them open.
    """

    folder: Path
    kept: datetime.timedelta = datetime.timedelta(days=1)

    @cached_property
    def _database(self) -> Any:
        # its warnings about its own coming changes are no one's business here
        os.environ.setdefault("LANCE_LOG", "error")
        warnings.filterwarnings("ignore", r"optimize\(cleanup_older_than=0\)")
        try:
            import lancedb
        except ImportError as error:
            raise ConfigurationError(
                "the index needs lancedb: pip install 'af3-archive[search]'"
            ) from error
        return lancedb.connect(str(self.folder))

    def tables(self) -> set[str]:
        """Names of the tables that there are."""
        return set(self._database.list_tables(limit=10_000).tables)

    def table(self, name: str) -> Any:
        """A table as it is now; later changes are not seen by it."""
        return self._database.open_table(name)

    def replace(self, name: str, partitions: Sequence[Partition], rows: pa.Table) -> None:
        """Put rows in the place of all that the table has of some partitions, in one step."""
        if name not in self.tables():
            if len(rows):
                self._database.create_table(name, rows)
            return
        table = self.table(name)
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
        table = self.table(name)
        if table.count_rows(held := _held_by(partitions)):
            table.delete(held)

    def finish_documents(self) -> None:
        """Index what was added."""
        from lancedb.index import FTS, Bitmap, BTree, LabelList

        if TEXT_TABLE not in self.tables():
            return
        table = self.table(TEXT_TABLE)
        known = {column for index in table.list_indices() for column in index.columns}
        configurations: dict[str, Any] = {
            field: FTS(with_position=True, stem=False, remove_stop_words=False) for field in FIELDS
        }
        kinds = {"BTree": BTree, "Bitmap": Bitmap}
        configurations |= {column: kinds[kind]() for column, kind in _KEYS.items()}
        configurations["flags"] = LabelList()
        for column, configuration in configurations.items():
            if column not in known:
                table.create_index(column, config=configuration)
        table.optimize(cleanup_older_than=self.kept)

    def finish_vectors(self, name: str, trained_rows: int) -> int:
        """Index the vectors that were added; gives the rows that the clusters were found with."""
        from lancedb.index import BTree, IvfPq

        table = self.table(name)
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
    each = (f"(corpus = {quoted(p.corpus)} AND date = {quoted(p.date)})" for p in partitions)
    return " OR ".join(each)


def nearest(
    table: Any, vector: npt.NDArray[np.float32], where: str, limit: int
) -> list[tuple[str, float]]:
    """Ids and cosine distances, the nearest first."""
    query = (
        table.search(vector.astype(np.float32), vector_column_name="vector")
        .distance_type("cosine")
        .nprobes(_PROBES)
        .refine_factor(_REFINED)
        .select(["id", "_distance"])
        .limit(limit)
    )
    found = (query.where(where, prefilter=True) if where else query).to_arrow()
    return list(zip(found["id"].to_pylist(), found["_distance"].to_pylist(), strict=True))


def told(table: Any, query: Any, where: str, limit: int) -> list[tuple[str, float]]:
    """Ids and scores (BM25) of what matches a query of LanceDB's, the best first."""
    search = table.search(query).select(["id", "_score"]).limit(limit)
    found = (search.where(where, prefilter=True) if where else search).to_arrow()
    return list(zip(found["id"].to_pylist(), found["_score"].to_pylist(), strict=True))


def rows_of(table: Any, ids: Iterable[str], columns: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Rows by id."""
    listed = list(ids)
    if not listed:
        return {}
    where = f"id IN ({', '.join(map(quoted, listed))})"
    found = table.search().where(where).select(list(columns)).limit(len(listed)).to_list()
    return {row["id"]: row for row in found}


def quoted(value: str) -> str:
    """A text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"
