"""The tables as people corrected them, for all that reads rows: what SQL shows by its views.

The rule stands once, in `schemas/sql/corrected_views.py`: a shard that holds a recording with
corrections goes through its view, and every other one is read as it is.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from af3core.storage.store import Store
from beam_jobs.framework.table_snapshot import Row, TableSnapshot, take_snapshot
from schemas import layout
from schemas.correction_records import JUDGED_WRONG
from schemas.sql.corrected_views import corrected_name, tables_of_views, views_for
from schemas.sql.joined_views import define_joined
from schemas.tables.columns import Table
from schemas.tables.correctable_tables import CORRECTABLE
from schemas.tables.correction_tables import CORRECTIONS
from schemas.tables.derived_tables import ALL_TABLES
from schemas.tables.night_tables import RECORDINGS

_TABLES = {table.name: table for table in ALL_TABLES}
_VALUES = ("text", "choice", "label", "title", "name")


def is_correctable(table: str) -> bool:
    """Whether a table has a view of what people corrected."""
    return table in CORRECTABLE


def shown_rows(table: str) -> str:
    """What SQL reads in the place of a table, in a database of `beam_jobs.framework.views`, to have
    its rows as people corrected them; of other tables their own name.

    A row that a person said is wrong has a flag of that.
    """
    if not is_correctable(table):
        return table
    view = corrected_name(table)
    if not CORRECTABLE[table].has_flags:
        return view
    flags = (
        f"CASE WHEN correction = 'wrong' THEN list_append(flags, '{JUDGED_WRONG}')"
        " ELSE flags END AS flags"
    )
    return f"(SELECT * REPLACE ({flags}) FROM {view})"


def tables_shown(tables: Iterable[str]) -> tuple[str, ...]:
    """The tables that `shown_rows` of some tables read, these among them."""
    listed = list(tables)
    return tuple(dict.fromkeys([*listed, *sorted(tables_of_views(map(corrected_name, listed)))]))


def has_corrected_value(row: Mapping[str, Any]) -> bool:
    """Whether a row shows what a person wrote, or chose, in the place of the model's."""
    return any(
        f"original_{name}" in row and row[f"original_{name}"] != row[name]
        for name in _VALUES
        if row.get("correction") is not None
    )


def has_corrected_flags(row: Mapping[str, Any]) -> bool:
    """Whether a person set or lifted a flag of a row."""
    original = row.get("original_flags")
    return original is not None and set(original) != set(row["flags"]) - {JUDGED_WRONG}


@dataclass(frozen=True, kw_only=True)
class CorrectedSnapshot(TableSnapshot):
    """Objects of tables of one moment, whose rows are read as people corrected them.

    Rows of recordings with corrections have more beside the columns of their table: what the view
    of the table has, such as `original_text` and `corrected_by`.

    Attributes:
        corrections: those that count, of all days: a recording may have moved, or come again.
        beside: the objects of other tables that the views read.
    """

    corrections: pa.Table
    beside: TableSnapshot

    def columns(self, key: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A shard, or some columns of it, with all columns that this release knows.

        Raises:
            StorageError, TableError: as of the tables.
        """
        table, day = _TABLES[layout.table_of(key)], layout.day_of(key)
        said = self._said_of(table.name, day[0])
        if said is None:
            return super().columns(key, columns)
        whole = super().columns(key)
        recordings = self._beside(RECORDINGS, day)
        concerned = recordings.filter(_is_said_of(recordings, said))["recording_id"]
        is_concerned: Any = pc.is_in(whole["recording_id"], concerned.combine_chunks())
        if pc.any(is_concerned).as_py():
            made = _in_sql_form(table, whole.filter(is_concerned), *day)
            given = {CORRECTIONS.name: self.corrections, RECORDINGS.name: recordings}
            for name in tables_of_views([corrected_name(table.name)]) - {*given, table.name}:
                given[name] = self._beside(_TABLES[name], (day[0], ""))
            shown = _shown(table, given | {table.name: made})
            whole = _in_their_places(whole, is_concerned, shown)
        return whole if columns is None else whole.select(_known(whole, columns))

    def _said_of(self, table: str, corpus: str) -> pa.Table | None:
        """The corrections of a table's rows; None where there are none."""
        if not len(self.corrections) or not is_correctable(table):
            return None
        found = self.corrections.filter(
            (pc.field("source") == table) & (pc.field("corpus") == corpus)
        )
        return found if len(found) else None

    def _beside(self, table: Table, day: tuple[str, str]) -> pa.Table:
        """The rows of another table, of a day or of all days, as a view over it has them."""
        held = self.beside
        parts = [
            _in_sql_form(table, held.columns(key), *layout.day_of(key))
            for key in held.shards(table.name, *day)
        ]
        return pa.concat_tables([_in_sql_form(table, None), *parts])


def _is_said_of(recordings: pa.Table, said: pa.Table) -> Any:
    """Which recordings corrections are of: by name, or by their sound."""
    by_name = pc.is_in(recordings["recording_id"], said["recording_id"].combine_chunks())
    sounds = pa.array(
        sorted({each for each in said["sound_sha256"].to_pylist() if each}), pa.string()
    )
    return pc.or_(by_name, pc.is_in(recordings["sound_sha256"], sounds))


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
    wanted = list(tables)
    snapshot = take_snapshot(store, wanted, corpus, since, until)
    if as_made:
        return snapshot
    corrections = read_corrections(store, corpus)
    needed = tables_of_views(map(corrected_name, wanted)) - {CORRECTIONS.name}
    if not len(corrections) or not needed:
        return snapshot
    beside = take_snapshot(store, sorted(needed), corpus)
    return CorrectedSnapshot(
        store,
        snapshot.stamps,
        snapshot.sizes_bytes,
        corrections=corrections,
        beside=beside,
    )


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


def _shown(table: Table, given: Mapping[str, pa.Table]) -> pa.Table:
    """Rows of a table as its view shows them, in the table's order.

    Args:
        given: its rows, and those of the tables that the view reads beside them.
    """
    with duckdb.connect() as database:
        for name, rows in given.items():
            database.register(name, rows)
        for view in views_for([corrected_name(table.name)]):
            database.execute(define_joined(view, "duckdb")[0])
        shown = database.sql(f"FROM {shown_rows(table.name)}")
        names = [column.name for column in table.columns]
        beside = [name for name in shown.columns if name not in {*names, *_PARTITION}]
        order = ", ".join([*table.sort_by, *(n for n in _TIES if n in names)])
        found = shown.project(", ".join([*names, *beside])).order(order).to_arrow_table()
    types = {column.name: column.type for column in table.columns}
    arrays = [found[name].cast(types.get(name, found[name].type)) for name in found.column_names]
    return pa.table(arrays, found.column_names)


_PARTITION = ("corpus", "date")
_TIES = ("clip_id", "segment_id", "task_hash")
"""By which rows at one place are told apart."""


def _in_their_places(whole: pa.Table, is_concerned: Any, shown: pa.Table) -> pa.Table:
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
