"""`af3 query`: DuckDB over the tables of a folder or a bucket."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table as RichTable

from af3core.errors import Af3Error, ConfigurationError
from af3core.storage.address import is_bucket, split_object, store_at
from schemas import layout
from schemas.derived_tables import ALL_TABLES
from schemas.views import create_view, sql_type

PRINTED_ROWS = 200


class QueryError(Af3Error):
    """The SQL is wrong, or its result cannot be written."""


def connect(out: str) -> duckdb.DuckDBPyConnection:
    """An in-memory database with one view per table of the output folder or bucket prefix.

    Raises:
        ConfigurationError: there are no tables at that address.
    """
    store = store_at(out)
    listed = store.walk([f"tables/{table.name}/" for table in ALL_TABLES])
    objects = {
        table.name: [key for key in keys if layout.shard_count_of(key)]
        for table, keys in zip(ALL_TABLES, listed, strict=True)
    }
    if not any(objects.values()):
        raise ConfigurationError(
            f"--out {out}: no tables there; name the folder that af3 annotate wrote to"
        )
    return open_views(out, objects)


def open_views(out: str, objects: Mapping[str, Sequence[str]]) -> duckdb.DuckDBPyConnection:
    """An in-memory database with a view per table, over these objects of it; empty if it has none.

    Args:
        out: folder or gs:// that the keys of objects count from.
        objects: keys by name of table.
    """
    store = store_at(out)
    connection = duckdb.connect()
    if is_bucket(out):
        connection.register_filesystem(_bucket_files())
    for table in ALL_TABLES:
        if table.name in objects:
            addresses = [store.address(key) for key in objects[table.name]]
            connection.execute(create_view(table, addresses))
    return connection


def run_query(out: str, sql: str, output: str | None, console: Console) -> None:
    """Run SQL; print a table, or write CSV or Parquet by the suffix of `output`.

    Raises:
        QueryError: the SQL or the output is wrong.
    """
    connection = connect(out)
    try:
        result = connection.sql(sql)
    except duckdb.Error as error:
        raise QueryError(f"query: {_first_lines(error)}") from error
    if result is None:
        return
    try:
        if output is None:
            _print(result, console)
        else:
            _write(result, output)
    except duckdb.Error as error:
        raise QueryError(f"query: {_first_lines(error)}") from error


def _write(result: duckdb.DuckDBPyRelation, output: str) -> None:
    if not output.endswith((".csv", ".parquet")):
        raise ConfigurationError(f"--output {output}: name a .csv or .parquet file")
    if is_bucket(output):
        store, key = split_object(output)
        with tempfile.TemporaryDirectory(prefix="af3-") as folder:
            local = Path(folder) / key
            _write(result, str(local))
            store.write(key, local.read_bytes())
    elif output.endswith(".csv"):
        result.write_csv(output, header=True)
    else:
        result.write_parquet(output, compression="zstd")


def print_tables(console: Console) -> None:
    """Every table with its columns, types and descriptions."""
    for table in ALL_TABLES:
        shown = RichTable("column", "type", "what it is", title=table.name, title_justify="left")
        shown.title = f"{table.name} (version {table.version}): {table.description}"
        shown.add_row("corpus", "VARCHAR", "corpus, from the partition")
        shown.add_row("date", "DATE", "archive day, from the partition")
        for column in table.columns:
            shown.add_row(column.name, sql_type(column.type), column.description)
        console.print(shown)


def _bucket_files() -> Any:
    try:
        # the probe of the bucket's type goes over gRPC, which emulators and proxies lack
        os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        import gcsfs
    except ImportError as error:
        raise ConfigurationError("gs:// needs gcsfs: pip install 'af3-archive[gcs]'") from error

    class ReadAhead(gcsfs.GCSFileSystem):
        """Without the default's background tasks, which complain when they are closed."""

        def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> Any:
            return super()._open(path, mode, **kwargs | {"cache_type": "readahead"})

    anonymous = "anon" if os.environ.get("STORAGE_EMULATOR_HOST") else None
    return ReadAhead(token=anonymous, access="read_only")


def _print(result: duckdb.DuckDBPyRelation, console: Console) -> None:
    shown = RichTable(*result.columns)
    rows = result.limit(PRINTED_ROWS + 1).fetchall()
    for row in rows[:PRINTED_ROWS]:
        shown.add_row(*("" if value is None else str(value) for value in row))
    console.print(shown)
    if len(rows) > PRINTED_ROWS:
        console.print(f"first {PRINTED_ROWS} rows; --output FILE.csv or .parquet writes all")


def _first_lines(error: duckdb.Error) -> str:
    return " ".join(line.strip() for line in str(error).splitlines()[:3] if line.strip())
