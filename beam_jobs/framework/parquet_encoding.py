"""Rows to the bytes of one Parquet object, and back: sorted, zstd, page index, schema version."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Sequence
from io import BytesIO
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from af3core.errors import Af3Error, StorageError
from af3core.storage.store import Store
from schemas import layout
from schemas.tables.columns import VERSION_KEY, Column, Table
from schemas.tables.derived_tables import ALL_TABLES

ROW_GROUP_ROWS = 122_880
"""DuckDB's own row group: its threads each take one."""

_COMPRESSION_LEVEL = 3
_TABLES = {table.name: table for table in ALL_TABLES}


def timestamp(text: str) -> datetime.datetime:
    """An ISO time as the tables hold it."""
    return datetime.datetime.fromisoformat(text)


class TableError(Af3Error):
    """An object of a table that this release cannot read."""

    permanent = True


def encode_table(
    table: Table, rows: list[dict[str, Any]], unknown: Sequence[pa.Field[Any]] = ()
) -> bytes:
    """One Parquet file; equal rows in any order give equal bytes.

    Args:
        table: its columns, types and order.
        rows: values by name of column.
        unknown: columns of a newer release that some rows have; they are kept.

    Raises:
        pyarrow.ArrowInvalid: a value does not fit its column, or is missing in a required one.
    """
    ordered = sorted(
        rows, key=lambda row: tuple(_sort_value(row.get(name)) for name in table.sort_by)
    )
    schema = table.schema
    for each in unknown:
        schema = schema.append(each.with_nullable(True))
    data = pa.Table.from_pylist(ordered, schema=schema)
    data.validate(full=True)
    for column in table.columns:
        if not column.nullable and data[column.name].null_count:
            raise pa.ArrowInvalid(f"{table.name}.{column.name} holds a missing value")
    return encode_columns(data)


def encode_columns(data: pa.Table) -> bytes:
    """One Parquet file of the rows as they stand, with the settings of every table's files."""
    buffer = BytesIO()
    pq.write_table(
        data,
        buffer,
        compression="zstd",
        compression_level=_COMPRESSION_LEVEL,
        row_group_size=ROW_GROUP_ROWS,
        write_page_index=True,
        write_page_checksum=True,
    )
    return buffer.getvalue()


def decode_rows(file: BinaryIO, table: Table | None = None) -> list[dict[str, Any]]:
    """The rows of a small table."""
    rows: list[dict[str, Any]] = decode_columns(file, table).to_pylist()
    return rows


def decode_columns(
    file: BinaryIO, table: Table | None = None, columns: Sequence[str] | None = None
) -> pa.Table:
    """The rows of an object, or some columns of them; in the form of `table` where it is named.

    Nothing is read ahead and no other thread takes part: one that still frees a Python buffer when
    the interpreter ends aborts the process.
    """
    reader = pq.ParquetFile(file, pre_buffer=False, page_checksum_verification=True)
    wanted = None if columns is None else [n for n in columns if n in reader.schema_arrow.names]
    data = reader.read(wanted, use_threads=False)
    return data if table is None else _in_form_of(table, data, columns)


def unknown_columns(table: Table, data: pa.Table) -> list[pa.Field[Any]]:
    """The columns that a newer release wrote; whoever writes the rows back keeps them."""
    known = {column.name for column in table.columns}
    return [field for field in data.schema if field.name not in known]


def shard_columns(
    store: Store,
    key: str,
    columns: Sequence[str] | None = None,
    stamp: str | None = None,
    copy: str = "",
) -> pa.Table:
    """A shard, or some columns of it, with all columns that this release knows.

    Args:
        key: of the shard.
        columns: their names; None takes all.
        stamp: names the one state that is wanted.
        copy: key of the object that is read in its place.

    Raises:
        FileNotFoundError: there is no such object, or another state of it.
        StorageError: it is damaged, or the storage is in trouble.
        TableError: it needs another release.
    """
    table, held = _TABLES[layout.table_of(key)], copy or key
    if columns:
        # parts of an object have no checksum but those of the pages; the whole has one
        with contextlib.suppress(pa.ArrowInvalid, OSError), store.open(held, stamp) as file:
            return decode_columns(file, table, columns)
    try:
        with store.local_file(held, stamp) as file:
            return decode_columns(file, table, columns)
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise StorageError(
            f"{store.address(held)}: damaged ({' '.join(str(error).split())[:200]}); publish its"
            " day again"
        ) from error


def _in_form_of(table: Table, data: pa.Table, columns: Sequence[str] | None) -> pa.Table:
    """The table's columns, or some, in its types: empty where an earlier release wrote none; what a
    newer one wrote beside them comes last.

    Raises:
        TableError: a column of a newer release has another type.
    """
    empty = table.empty_row()
    known = [c for c in table.columns if columns is None or c.name in columns]
    arrays = [
        _cast(data[column.name], column, table, data.schema)
        if column.name in data.schema.names
        else pa.array([empty[column.name]] * len(data), column.type)
        for column in known
    ]
    names = [column.name for column in known]
    found = pa.table(arrays, names) if names else data.select([])
    for name in data.schema.names:
        if name not in names:
            found = found.append_column(data.schema.field(name), data[name])
    return found


def _cast(
    held: pa.ChunkedArray[Any], column: Column, table: Table, schema: pa.Schema
) -> pa.ChunkedArray[Any]:
    if held.type == column.type:
        return held
    try:
        return held.cast(column.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        pass
    try:
        # structs with fewer or more fields, which no cast knows
        return pa.chunked_array([pa.array(held.to_pylist(), column.type)])
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        version = (schema.metadata or {}).get(VERSION_KEY.encode(), b"?").decode()
        raise TableError(
            f"{table.name}.{column.name}: {held.type} of version {version} of the table, where this"
            f" release reads {column.type} of version {table.version}; use the release that wrote"
            " it (software_version in the table runs)"
        ) from error


def _sort_value(value: Any) -> tuple[bool, Any]:
    """Missing values first: None compares with nothing."""
    return value is not None, value
