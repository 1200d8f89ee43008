"""What a column's type is called in each SQL dialect."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

Dialect = Literal["duckdb", "bigquery", "trino", "athena"]
DIALECTS: tuple[Dialect, ...] = ("duckdb", "bigquery", "trino", "athena")

_SCALARS: dict[pa.DataType, tuple[str, str, str, str]] = {
    pa.string(): ("VARCHAR", "STRING", "VARCHAR", "string"),
    pa.int64(): ("BIGINT", "INT64", "BIGINT", "bigint"),
    pa.float32(): ("FLOAT", "FLOAT64", "REAL", "float"),
    pa.float64(): ("DOUBLE", "FLOAT64", "DOUBLE", "double"),
    pa.bool_(): ("BOOLEAN", "BOOL", "BOOLEAN", "boolean"),
    pa.date32(): ("DATE", "DATE", "DATE", "date"),
    # Hive's tables know no zone: what they show is UTC
    pa.timestamp("ms", tz="UTC"): (
        "TIMESTAMP WITH TIME ZONE",
        "TIMESTAMP",
        "TIMESTAMP(3)",
        "timestamp",
    ),
}


def type_name(data_type: pa.DataType, dialect: Dialect) -> str:
    """The dialect's name of a type, lists and structs included.

    Raises:
        KeyError: no table has such a column.
    """
    if pa.types.is_list(data_type):
        inner = type_name(data_type.value_type, dialect)
        if dialect == "duckdb":
            return f"{inner}[]"
        return {"bigquery": f"ARRAY<{inner}>", "trino": f"ARRAY({inner})"}.get(
            dialect, f"array<{inner}>"
        )
    if pa.types.is_struct(data_type):
        return _struct(data_type, dialect)
    return _SCALARS[data_type][DIALECTS.index(dialect)]


def quoted_name(name: str, dialect: Dialect) -> str:
    """A column's name that no keyword of the dialect gets in the way of."""
    return f'"{name}"' if dialect in ("duckdb", "trino") else f"`{name}`"


def quoted_text(text: str, dialect: Dialect) -> str:
    """A text as a literal of the dialect's table definitions."""
    if dialect in ("duckdb", "trino"):
        return "'" + text.replace("'", "''") + "'"
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _struct(data_type: pa.StructType, dialect: Dialect) -> str:
    parts = [(field.name, type_name(field.type, dialect)) for field in data_type]
    if dialect == "duckdb":
        return f"STRUCT({', '.join(f'{name} {kind}' for name, kind in parts)})"
    named = [(quoted_name(name, dialect), kind) for name, kind in parts]
    if dialect == "athena":
        return f"struct<{','.join(f'{name}:{kind}' for name, kind in named)}>"
    inner = ", ".join(f"{name} {kind}" for name, kind in named)
    return f"STRUCT<{inner}>" if dialect == "bigquery" else f"ROW({inner})"
