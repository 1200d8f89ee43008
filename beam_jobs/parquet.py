"""Rows to the bytes of one Parquet object, and back: sorted, zstd, page index, schema version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from af3core.storage.store import Store
from schemas import layout
from schemas.columns import Table

ROW_GROUP_ROWS = 122_880
"""DuckDB's own row group: its threads each take one."""

_COMPRESSION_LEVEL = 3


def encode_table(table: Table, rows: list[dict[str, Any]]) -> bytes:
    """One Parquet file; equal rows in any order give equal bytes.

    Raises:
        pyarrow.ArrowInvalid: a value does not fit its column, or is missing in a required one.
    """
    ordered = sorted(rows, key=lambda row: tuple(_sort_value(row[name]) for name in table.sort_by))
    data = pa.Table.from_pylist(ordered, schema=table.schema)
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


def decode_rows(file: BinaryIO) -> list[dict[str, Any]]:
    """The rows of a small table."""
    rows: list[dict[str, Any]] = decode_columns(file).to_pylist()
    return rows


def decode_columns(file: BinaryIO, columns: Sequence[str] | None = None) -> pa.Table:
    """A table, or some columns of it.

    Nothing is read ahead and no other thread takes part: one that still frees a Python buffer when
    the interpreter ends aborts the process.
    """
    reader = pq.ParquetFile(file, pre_buffer=False, page_checksum_verification=True)
    return reader.read(list(columns) if columns else None, use_threads=False)


def partition_rows(store: Store, table: str, corpus: str, date: str) -> Iterator[dict[str, Any]]:
    """All rows of one table's partition, shard by shard."""
    for key in store.children(layout.partition_prefix(table, corpus, date)):
        yield from shard_columns(store, key).to_pylist()


def shard_columns(store: Store, key: str, columns: Sequence[str] | None = None) -> pa.Table:
    """A shard, or some columns of it."""
    try:
        with store.open(key) as file:
            return decode_columns(file, columns)
    except (pa.ArrowInvalid, OSError):
        # parts of an object have no checksum but those of the pages; the whole has one
        with store.local_file(key) as file:
            return decode_columns(file, columns)


def _sort_value(value: Any) -> tuple[bool, Any]:
    """Missing values first: None compares with nothing."""
    return value is not None, value
