"""The tables as SQL views for DuckDB: each a view over its Parquet objects, typed even if empty."""

from __future__ import annotations

import pyarrow as pa

from schemas.sql.column_types import quoted_text, type_name
from schemas.tables.columns import Table


def sql_type(data_type: pa.DataType) -> str:
    """DuckDB's name of a column's type."""
    return type_name(data_type, "duckdb")


def create_view(table: Table, objects: list[str], condition: str = "") -> str:
    """The statement that makes the view: corpus and date first, then the table's columns.

    Columns that older objects lack are NULL; without objects the view is empty.

    Args:
        table: whose view it is.
        objects: their addresses.
        condition: what the rows meet that the view has; empty: all.
    """
    if not objects:
        return f"CREATE VIEW {table.name} AS {_typed(table)}"
    listed = ", ".join(quoted_text(address, "duckdb") for address in objects)
    rows = _select(table, f"[{listed}]")
    return f"CREATE VIEW {table.name} AS {rows}{f' WHERE {condition}' if condition else ''}"


def create_empty_table(table: Table) -> str:
    """The statement that makes a table with the view's columns and no rows."""
    return f"CREATE TABLE {table.name} AS {_typed(table)}"


def pattern_view(table: Table, pattern: str) -> str:
    """The same over all objects that match, whenever it is asked; empty where none does."""
    objects = quoted_text(pattern, "duckdb")
    return (
        f"CREATE OR REPLACE VIEW {table.name} AS\n{_select(table, objects, 'allow_empty = true')}"
    )


def _select(table: Table, objects: str, *options: str) -> str:
    given = (
        "hive_partitioning = true",
        "hive_types = {'corpus': VARCHAR, 'date': DATE}",
        "union_by_name = true",
        *options,
    )
    held = f"SELECT * FROM read_parquet({objects}, {', '.join(given)})"
    names = ", ".join(column.name for column in table.columns)
    # the empty half gives what no object has its name and type
    return f"SELECT corpus, date, {names} FROM ({_typed(table)} UNION ALL BY NAME {held})"


def _typed(table: Table) -> str:
    columns = ", ".join(f"CAST(NULL AS {sql_type(c.type)}) AS {c.name}" for c in table.columns)
    return (
        f"SELECT CAST(NULL AS VARCHAR) AS corpus, CAST(NULL AS DATE) AS date, {columns} WHERE false"
    )
