"""The tables as people corrected them, for all that reads rows: what SQL shows by its views.

The rule stands once, in `schemas/sql/corrected_views.py`: a shard that holds a recording with
corrections goes through its view, and every other one is read as it is.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from af3core.storage.store import Store
from beam_jobs.framework.table_snapshot import Row, TableSnapshot, take_snapshot
from schemas import layout
from schemas.correction_records import JUDGED_WRONG, VALUE_KINDS
from schemas.sql.corrected_views import CORRECTED_TABLES, CORRECTED_VIEWS
from schemas.sql.duckdb_views import create_empty_table
from schemas.sql.joined_views import define_joined
from schemas.tables.columns import Table
from schemas.tables.correction_tables import CORRECTIONS
from schemas.tables.derived_tables import ALL_TABLES

_TABLES = {table.name: table for table in ALL_TABLES}
_VIEWS = {view.name for view in CORRECTED_VIEWS}
_ADDED = ("original_text", "original_flags", "original_choice", "correction", "corrected_by")
_ADDED_LAST = ("corrected_at", "correction_reason", "correction_fits")
BESIDE = (*_ADDED, *_ADDED_LAST)
"""What a corrected row has beside the columns of its table, where its view has it."""


def is_correctable(table: str) -> bool:
    """Whether a table has a view of what people corrected."""
    return f"corrected_{table}" in _VIEWS


def shown_rows(table: str) -> str:
    """What SQL reads in the place of a table, in a database of `beam_jobs.framework.views`, to have
    its rows as people corrected them; of other tables their own name.

    A row that a person said is wrong has a flag of that.
    """
    if not is_correctable(table):
        return table
    view = f"corrected_{table}"
    if "flags" not in {column.name for column in _TABLES[table].columns}:
        return view
    flags = (
        f"CASE WHEN correction = 'wrong' THEN list_append(flags, '{JUDGED_WRONG}')"
        " ELSE flags END AS flags"
    )
    return f"(SELECT * REPLACE ({flags}) FROM {view})"


def has_corrected_value(row: Mapping[str, Any]) -> bool:
    """Whether a row shows what a person wrote, or chose, in the place of the model's."""
    return row.get("correction") in VALUE_KINDS


def has_corrected_flags(row: Mapping[str, Any]) -> bool:
    """Whether a person set or lifted a flag of a row."""
    original = row.get("original_flags")
    return original is not None and set(original) != set(row["flags"]) - {JUDGED_WRONG}


@dataclass(frozen=True)
class CorrectedSnapshot(TableSnapshot):
    """Objects of tables of one moment, whose rows are read as people corrected them.

    Rows of recordings with corrections have `BESIDE` beside the columns of their table.

    Attributes:
        corrections: those that count, of all days: a recording may have moved since.
    """

    corrections: pa.Table = field(default_factory=lambda: _in_sql_form(CORRECTIONS, None))

    def columns(self, key: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A shard, or some columns of it, with all columns that this release knows.

        Raises:
            StorageError, TableError: as of the tables.
        """
        table = _TABLES[layout.table_of(key)]
        corpus, date = layout.day_of(key)
        concerned = self._corrected(table.name, corpus)
        if not concerned:
            return super().columns(key, columns)
        whole = super().columns(key)
        is_concerned = pc.is_in(whole["recording_id"], pa.array(sorted(concerned)))
        if pc.any(is_concerned).as_py():
            made = _in_sql_form(table, whole.filter(is_concerned), corpus, date)
            whole = _in_their_places(whole, is_concerned, _shown(table, made, self.corrections))
        return whole if columns is None else whole.select(_known(whole, columns))

    def _corrected(self, table: str, corpus: str) -> set[str]:
        """Recordings of which a person said something of a row of a table."""
        if not len(self.corrections) or not is_correctable(table):
            return set()
        said = (pc.field("source") == table) & (pc.field("corpus") == corpus)
        return set(self.corrections.filter(said)["recording_id"].to_pylist())


def take_corrected(
    store: Store,
    tables: Iterable[str],
    corpus: str = "",
    since: str = "",
    until: str = "",
    as_made: bool = False,
) -> TableSnapshot:
    """The objects of tables now, as `take_snapshot` gives them, read as people corrected them.

    Args:
        as_made: read what the model said.

    Raises:
        StorageError: the same day was published again and again meanwhile, or the corrections
            cannot be read.
    """
    snapshot = take_snapshot(store, tables, corpus, since, until)
    if as_made:
        return snapshot
    corrections = read_corrections(store, corpus)
    return CorrectedSnapshot(snapshot.store, snapshot.stamps, snapshot.sizes_bytes, corrections)


def corrected_by_recording(
    store: Store, tables: Sequence[str], corpus: str, date: str, as_made: bool = False
) -> dict[str, dict[str, list[Row]]]:
    """The rows of several tables of a day as people corrected them, all of one moment: by table and
    recording, in the tables' order.
    """
    snapshot = take_corrected(store, tables, corpus, date, date, as_made)
    return snapshot.by_recording(tables, corpus, date)


def read_corrections(store: Store, corpus: str = "") -> pa.Table:
    """The corrections that count, of all corpora or one, with `corpus` and `date`.

    Raises:
        StorageError: they cannot be read.
    """
    snapshot = take_snapshot(store, [CORRECTIONS.name], corpus)
    parts = [
        _in_sql_form(CORRECTIONS, snapshot.columns(key), *layout.day_of(key))
        for key in snapshot.stamps
    ]
    found = pa.concat_tables([_in_sql_form(CORRECTIONS, None), *parts])
    return found.filter(pc.is_null(found["undone_at"]))


def _in_sql_form(
    table: Table, rows: pa.Table | None, corpus: str = "", date: str = "1970-01-01"
) -> pa.Table:
    """A shard's rows, or none, as a view over the table has them: with corpus and date."""
    day = datetime.date.fromisoformat(date)
    held = rows if rows is not None else table.schema.remove_metadata().empty_table()
    known = held.select([column.name for column in table.columns])
    keys = [pa.array([corpus] * len(held), pa.string()), pa.array([day] * len(held), pa.date32())]
    return pa.table([*keys, *known.columns], ["corpus", "date", *known.column_names])


def _shown(table: Table, made: pa.Table, corrections: pa.Table) -> pa.Table:
    """Rows of a table as its view shows them: the table's columns and `BESIDE`, in its order."""
    with duckdb.connect() as database:
        given = {table.name: made, CORRECTIONS.name: corrections}
        for name in dict.fromkeys((*CORRECTED_TABLES, table.name)):
            if name in given:
                database.register(f"{name}_given", given[name])
                database.execute(f"CREATE VIEW {name} AS FROM {name}_given")
            else:
                database.execute(create_empty_table(_TABLES[name]))
        for view in CORRECTED_VIEWS:
            database.execute(define_joined(view, "duckdb")[0])
        shown = database.sql(f"FROM {shown_rows(table.name)}")
        names = [column.name for column in table.columns]
        beside = [name for name in BESIDE if name in shown.columns]
        order = ", ".join([*table.sort_by, *(n for n in _TIES if n in names)])
        found = shown.project(", ".join([*names, *beside])).order(order).to_arrow_table()
    types = {column.name: column.type for column in table.columns}
    arrays = [found[name].cast(types.get(name, found[name].type)) for name in found.column_names]
    return pa.table(arrays, found.column_names)


_TIES = ("clip_id", "segment_id", "task_hash")
"""By which rows at one place are told apart."""


def _in_their_places(
    whole: pa.Table, is_concerned: pa.ChunkedArray[Any], shown: pa.Table
) -> pa.Table:
    """A shard with the rows of some recordings in the place of their own; each recording's rows lie
    together.
    """
    chosen = np.asarray(is_concerned.to_numpy(), dtype=bool)
    borders = [0, *(np.flatnonzero(np.diff(chosen)) + 1).tolist(), len(chosen)]
    parts = []
    for start, end in pairwise(borders):
        part = whole.slice(start, end - start)
        if chosen[start]:
            here = pc.unique(part["recording_id"])
            part = shown.filter(pc.is_in(shown["recording_id"], here))
        parts.append(part)
    return pa.concat_tables(parts, promote_options="default")


def _known(whole: pa.Table, columns: Sequence[str]) -> list[str]:
    return [name for name in whole.column_names if name in columns]
