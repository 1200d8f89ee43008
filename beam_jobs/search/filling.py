"""Put days of the tables into the index."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from af3core.storage.store import Store
from beam_jobs.search.documents import Partition, read_documents
from beam_jobs.search.index_state import IndexedPartition
from beam_jobs.search.lance_index import (
    DOCUMENTS,
    TEXT_TABLE,
    LanceIndex,
    vectors_schema,
    vectors_table,
)

_DAYS_AT_ONCE = 32
"""So many days are read and replaced together: a few hundred MB."""
_LINE_EVERY_S = 15.0
_TEXT_VECTORS = """
SELECT d.*, t.text_embedding AS vector, t.text_model AS model
FROM documents d JOIN text_embeddings t
    USING (recording_id, kind, segment_id, start_ms, end_ms, text_hash)
WHERE CAST(t.date AS VARCHAR) = d.date AND t.corpus = d.corpus
"""
_AUDIO_VECTORS = """
SELECT d.*, e.audio_embedding AS vector, e.audio_model AS model
FROM documents d JOIN embeddings e USING (recording_id, segment_id)
WHERE d.kind = 'segment' AND CAST(e.date AS VARCHAR) = d.date AND e.corpus = d.corpus
    AND e.audio_embedding IS NOT NULL AND e.audio_model <> ''
"""


class Filling:
    """One update of the index.

    Args:
        out: folder or gs:// of the tables.
        store: the same.
        index: to put them into.
    """

    def __init__(self, out: str, store: Store, index: LanceIndex) -> None:
        self._out, self._store, self._index = out, store, index

    def fill(
        self, todo: Sequence[Partition], tables: Mapping[Partition, str]
    ) -> dict[str, IndexedPartition]:
        """Replace days in the index; days without tables leave it.

        Args:
            todo: the days.
            tables: stamps of the days that have tables.

        Returns:
            What the index holds of them, by the partition's name.
        """
        held: dict[str, IndexedPartition] = {}
        said = time.monotonic()
        for first in range(0, len(todo), _DAYS_AT_ONCE):
            days = todo[first : first + _DAYS_AT_ONCE]
            held |= self._fill(days, tables)
            if time.monotonic() - said > _LINE_EVERY_S:
                said = time.monotonic()
                print(f"index: {first + len(days)} of {len(todo)} days", file=sys.stderr)
        return held

    def finish(self, trained_rows: Mapping[str, int]) -> dict[str, int]:
        """Index what was added; gives how many vectors the clusters were found with."""
        self._index.finish_documents()
        names = sorted(self._index.tables() - {TEXT_TABLE})
        return {name: self._index.finish_vectors(name, trained_rows.get(name, 0)) for name in names}

    def _fill(
        self, days: Sequence[Partition], tables: Mapping[Partition, str]
    ) -> dict[str, IndexedPartition]:
        with read_documents(self._out, self._store, days) as database:
            documents = database.sql("FROM documents").to_arrow_table()
            self._index.replace(TEXT_TABLE, days, documents.select(DOCUMENTS.names).cast(DOCUMENTS))
            meant = self._fill_vectors("text", _TEXT_VECTORS, days, database)
            self._fill_vectors("audio", _AUDIO_VECTORS, days, database)
        counts = _by_day(documents)
        return {
            day.name: IndexedPartition(
                stamp=tables[day],
                documents=counts.get(day, 0),
                meant={model: found[day] for model, found in meant.items() if day in found},
            )
            for day in days
            if day in tables
        }

    def _fill_vectors(
        self, sense: str, sql: str, days: Sequence[Partition], database: duckdb.DuckDBPyConnection
    ) -> dict[str, dict[Partition, int]]:
        """Replace the days' vectors in every model's table; gives rows by model and day."""
        found = database.sql(sql).to_arrow_table()
        models = sorted(pc.unique(found["model"]).to_pylist())
        # days that had vectors of another model leave its table
        stale = {n for n in self._index.tables() if n.startswith(f"{sense}-")}
        counts: dict[str, dict[Partition, int]] = {}
        for model in models:
            rows = found.filter(pc.equal(found["model"], model))
            name = vectors_table(sense, model)
            stale.discard(name)
            self._index.replace(name, days, _vector_rows(rows))
            counts[model] = _by_day(rows)
        for name in stale:
            self._index.remove(name, days)
        return counts


def _vector_rows(rows: pa.Table) -> pa.Table:
    vectors: Any = rows["vector"]
    flat: Any = pa.concat_arrays([chunk.flatten() for chunk in vectors.chunks])
    dimensions = len(flat) // len(rows)
    schema = vectors_schema(dimensions)
    fixed = pa.FixedSizeListArray.from_arrays(flat.cast(pa.float16()), dimensions)
    columns = [rows[name] for name in schema.names[:-1]]
    return pa.table([*columns, fixed], names=schema.names).cast(schema)


def _by_day(rows: pa.Table) -> dict[Partition, int]:
    counted = rows.group_by(["corpus", "date"]).aggregate([([], "count_all")]).to_pylist()
    return {Partition(row["corpus"], row["date"]): row["count_all"] for row in counted}
