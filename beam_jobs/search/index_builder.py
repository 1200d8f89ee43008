"""One update of the index: days of the tables go into a copy, its files are put in place, and the
state is replaced last."""

from __future__ import annotations

import dataclasses
import datetime
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from af3core.messages import tell
from af3core.storage.folder import FolderStore
from af3core.storage.store import Store
from beam_jobs.search.documents import (
    DOCUMENTS,
    TEXT_TABLE,
    Partition,
    ask_documents,
    vectors_schema,
    vectors_table,
)
from beam_jobs.search.index_files import publish_files, sweep, working_copy
from beam_jobs.search.index_reader import lancedb_errors
from beam_jobs.search.index_state import IndexedPartition, IndexState, partition_of
from beam_jobs.search.index_writer import IndexWriter
from schemas import layout
from schemas.record_format import stored_json

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


def update_index(
    out: str,
    store: Store,
    state: IndexState,
    todo: Sequence[Partition],
    tables: Mapping[Partition, str],
    stamp: str | None,
    corrections: Mapping[Partition, str] = MappingProxyType({}),
) -> IndexState | None:
    """Replace days in the index, for readers in one step; to be done by one at a time.

    Args:
        out: folder or gs:// of the tables.
        store: the same.
        state: of the index now.
        todo: the days.
        tables: stamps of the days that have tables; the others leave the index.
        stamp: of the state, from before it was read.
        corrections: of the days that have some, as `corrections_of_days` gives them.

    Returns:
        The new state; None where another run, which took this one's claim over, was first.

    Raises:
        SearchError: the index is damaged.
    """
    with working_copy(store, state) as folder:
        with lancedb_errors(store):
            builder = _IndexBuilder(out, store, _writer(store, folder))
            built = builder.fill(todo, tables)
            built = {
                name: dataclasses.replace(
                    entry, corrections=corrections.get(partition_of(name), "")
                )
                for name, entry in built.items()
            }
            trained = builder.finish(state.trained_rows)
        files = publish_files(store, folder, state)
    left = set(todo)
    kept = {name: e for name, e in state.partitions.items() if partition_of(name) not in left}
    now = dataclasses.replace(
        state,
        partitions=dict(sorted((kept | built).items())),
        trained_rows=trained,
        files=files,
        retired=tuple(sorted(set(state.files) - set(files))),
    )
    data = json.dumps(stored_json(now), indent=1).encode()
    own = store.replace(layout.INDEX_STATE_KEY, data, stamp)
    if own is None:
        return None
    sweep(store, now, own)
    return now


def _writer(store: Store, folder: Path) -> IndexWriter:
    """In a folder its readers read it itself; nobody reads the copy that goes to a bucket."""
    if isinstance(store, FolderStore):
        return IndexWriter(folder)
    return IndexWriter(folder, kept=datetime.timedelta())


class _IndexBuilder:
    """Fills the index with days of the tables.

    Args:
        out: folder or gs:// of the tables.
        store: the same.
        writer: of the index.
    """

    def __init__(self, out: str, store: Store, writer: IndexWriter) -> None:
        self._out, self._store, self._writer = out, store, writer

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
                tell(f"index: {first + len(days)} of {len(todo)} days")
        return held

    def finish(self, trained_rows: Mapping[str, int]) -> dict[str, int]:
        """Index what was added; gives how many vectors the clusters were found with."""
        self._writer.finish_documents()
        names = sorted(self._writer.tables() - {TEXT_TABLE})
        return {
            name: self._writer.finish_vectors(name, trained_rows.get(name, 0)) for name in names
        }

    def _fill(
        self, days: Sequence[Partition], tables: Mapping[Partition, str]
    ) -> dict[str, IndexedPartition]:
        documents, texts, sounds = ask_documents(
            self._out,
            self._store,
            days,
            lambda database: [
                database.sql(sql).to_arrow_table()
                for sql in ("FROM documents", _TEXT_VECTORS, _AUDIO_VECTORS)
            ],
        )
        self._writer.replace(TEXT_TABLE, days, documents.select(DOCUMENTS.names).cast(DOCUMENTS))
        meant = self._fill_vectors("text", texts, days)
        self._fill_vectors("audio", sounds, days)
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
        self, sense: str, found: pa.Table, days: Sequence[Partition]
    ) -> dict[str, dict[Partition, int]]:
        """Replace the days' vectors in every model's table; gives rows by model and day."""
        models = sorted(map(str, pc.unique(found["model"]).to_pylist()))
        # days that had vectors of another model leave its table
        stale = {n for n in self._writer.tables() if n.startswith(f"{sense}-")}
        counts: dict[str, dict[Partition, int]] = {}
        for model in models:
            rows = found.filter(pc.equal(found["model"], pa.scalar(model)))
            name = vectors_table(sense, model)
            stale.discard(name)
            self._writer.replace(name, days, _vector_rows(rows))
            counts[model] = _by_day(rows)
        for name in stale:
            self._writer.remove(name, days)
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
