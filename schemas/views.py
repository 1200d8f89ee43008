"""The tables as SQL views for DuckDB: each a view over its Parquet objects, typed even if empty."""

from __future__ import annotations

import pyarrow as pa

from schemas.columns import Table

_SQL_TYPES: dict[pa.DataType, str] = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("ms", tz="UTC"): "TIMESTAMP WITH TIME ZONE",
}


def sql_type(data_type: pa.DataType) -> str:
    """DuckDB's name of a column's type."""
    if pa.types.is_list(data_type):
        return f"{sql_type(data_type.value_type)}[]"
    if pa.types.is_struct(data_type):
        parts = (f"{part.name} {sql_type(part.type)}" for part in data_type)
        return f"STRUCT({', '.join(parts)})"
    return _SQL_TYPES[data_type]


def create_view(table: Table, objects: list[str]) -> str:
    """The statement that makes the view: corpus and date first, then the table's columns.

    Columns that older objects lack are NULL; without objects the view is empty.
    """
    columns = ", ".join(f"CAST(NULL AS {sql_type(c.type)}) AS {c.name}" for c in table.columns)
    typed = (
        f"SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, {columns} WHERE false"
    )
    if not objects:
        return f"CREATE VIEW {table.name} AS {typed}"
    listed = ", ".join("'" + address.replace("'", "''") + "'" for address in objects)
    held = (
        f"SELECT * FROM read_parquet([{listed}], hive_partitioning = true,"
        " hive_types = {'corpus': VARCHAR, 'date': DATE}, union_by_name = true)"
    )
    names = ", ".join(column.name for column in table.columns)
    # the empty half gives what no object has its name and type
    return (
        f"CREATE VIEW {table.name} AS SELECT corpus, date, {names}"
        f" FROM ({typed} UNION ALL BY NAME {held})"
    )
