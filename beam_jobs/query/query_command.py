"""`af3 query`: one statement that reads the tables of a folder or a bucket, and its rows."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from af3core.errors import Af3Error
from af3core.storage.address import store_at
from af3core.storage.copies_folder import CopiesFolder
from beam_jobs.framework.partition_pruning import tables_named
from beam_jobs.framework.table_snapshot import UnreadableTables
from beam_jobs.framework.views import ask_published, is_of_ours, said_by
from beam_jobs.output.row_output import Target, opened, target_of, until_enough, write_rows
from beam_jobs.output.terminal_rows import rows_text
from beam_jobs.query.read_only import Bounds, lock
from beam_jobs.query.sql_checks import READING_ONLY, SqlRefused, parsed_sql
from schemas.sql.duckdb_views import sql_type
from schemas.tables.derived_tables import ALL_TABLES

BATCH_ROWS = 2_000

DESCRIPTION = """\
Run SQL over the tables; without SQL, list tables and columns.

  af3 query --out NIGHT
  af3 query --out NIGHT "SELECT text FROM transcripts"
  af3 query --out NIGHT "FROM captions" --output captions.parquet
  af3 query --out NIGHT "FROM captions" > captions.csv

One SELECT, EXPLAIN, DESCRIBE, SHOW or SUMMARIZE runs, and reads the tables alone. They hold what
the model said; the views corrected_… what people corrected of it, with --as-made nothing of it."""


class QueryError(Af3Error):
    """The SQL is wrong, or may not run here."""


def query_command(known: argparse.Namespace) -> int:
    """`af3 query`: options in, rows out.

    Raises:
        ConfigurationError: there are no tables, or no such form.
        QueryError: the SQL is wrong, or may not run here.
        StorageError: the tables cannot be read, or the output not be written.
    """
    target = target_of(known.format, known.output, known.out or "")
    return until_enough(
        lambda: (
            run_query(known.out, known.sql, target, known.as_made)
            if known.sql
            else write_tables(target)
        )
    )


def run_query(out: str, sql: str, target: Target, as_made: bool = False) -> None:
    """Run a statement over the tables and write its rows.

    Raises:
        ConfigurationError: there are no tables, or the form cannot hold a column.
        QueryError: the SQL is wrong, or may not run here.
        StorageError: the tables cannot be read, or the output not be written.
    """
    checked = _checked(out, sql)
    with CopiesFolder() as spill, opened(target) as begin:

        def ask(connection: duckdb.DuckDBPyConnection) -> None:
            lock(connection, store_at(out), Bounds(spill_folder=spill))
            write_rows(_Answer(connection, checked), target, begin())

        try:
            ask_published(out, ask, tables_named(sql), checked, as_made)
        except duckdb.Error as error:
            kind = UnreadableTables if is_of_ours(error) else QueryError
            raise kind(f"query: {said_by(error)}") from error


def write_tables(target: Target) -> None:
    """Every table with its columns, types and descriptions."""
    with opened(target) as begin:
        write_rows(_Columns(), target, begin(), lambda _: "".join(_described()))


def _checked(out: str, sql: str) -> str:
    try:
        return parsed_sql(sql)
    except SqlRefused as error:
        more = ""
        if str(error).startswith(READING_ONLY):
            more = (
                "; --output FILE keeps rows, and DuckDB itself does more, with the views that"
                f" python -m schemas.sql duckdb --location {out} prints"
            )
        raise QueryError(f"query: {error}{more}") from error


class _Answer:
    """What a statement gives, batch by batch."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, sql: str) -> None:
        self._connection, self._sql = connection, sql
        self._asked: duckdb.DuckDBPyConnection | None = None

    @property
    def columns(self) -> Sequence[str]:
        return [name for name, *_ in self._execute().description or ()]

    def batches(self) -> Iterator[Sequence[tuple[Any, ...]]]:
        asked = self._execute()
        while batch := asked.fetchmany(BATCH_ROWS):
            yield batch

    def arrow(self) -> pa.RecordBatchReader:
        asked = self._connection.sql(self._sql)
        return asked.to_arrow_reader(BATCH_ROWS)

    def _execute(self) -> duckdb.DuckDBPyConnection:
        if self._asked is None:
            self._asked = self._connection.execute(self._sql)
        return self._asked


class _Columns:
    """The columns of all tables as rows."""

    columns = ("table_name", "column_name", "type", "description")

    def batches(self) -> Iterator[Sequence[tuple[str, ...]]]:
        for table in ALL_TABLES:
            yield [(table.name, *column) for column in _columns_of(table.name)]

    def arrow(self) -> pa.RecordBatchReader:
        rows = [dict(zip(self.columns, row, strict=True)) for b in self.batches() for row in b]
        return pa.Table.from_pylist(rows).to_reader()


def _columns_of(name: str) -> Iterator[tuple[str, str, str]]:
    """A table's columns: name, type and what it is."""
    [table] = (each for each in ALL_TABLES if each.name == name)
    yield "corpus", "VARCHAR", "corpus, from the partition"
    yield "date", "DATE", "archive day, from the partition"
    for column in table.columns:
        yield column.name, sql_type(column.type), column.description


def _described() -> Iterator[str]:
    """Each table under its name."""
    width = shutil.get_terminal_size().columns
    for table in ALL_TABLES:
        yield f"\n{table.name} (version {table.version}): {table.description}\n"
        yield rows_text(("column", "type", "what it is"), list(_columns_of(table.name)), width)
