"""The statements that define a table over its Parquet objects, for each dialect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from schemas.sql.column_types import Dialect, quoted_name, quoted_text, type_name
from schemas.sql.duckdb_views import pattern_view
from schemas.tables.columns import Column, Table

DATASET = "af3"
"""Dataset, schema or database of the statements."""
CATALOG = "hive"
"""Catalogue of Trino's statements, of its Hive connector."""
PARTITION = (
    Column("corpus", pa.string(), "corpus, from the object's path"),
    Column("date", pa.date32(), "archive day, from the object's path"),
)


@dataclass(frozen=True)
class Lake:
    """Where the tables lie, and what Athena is told instead of looking.

    Attributes:
        location: what `--out` was, without a closing slash.
        corpora: Athena's list of corpora, with commas.
        since: Athena's first archive day.
    """

    location: str
    corpora: str = "CORPORA"
    since: str = "2000-01-01"

    def below(self, table: Table) -> str:
        """The address of a table's partitions, without a closing slash."""
        return f"{self.location}/tables/{table.name}"


def define(table: Table, dialect: Dialect, lake: Lake) -> list[str]:
    """The table's statements in the order in which they run, without semicolons."""
    made = {"duckdb": _duckdb, "bigquery": _bigquery, "trino": _trino, "athena": _athena}
    return made[dialect](table, lake)


def relation(name: str, dialect: Dialect) -> str:
    """A table's or view's name, with all that it is found by."""
    if dialect == "duckdb":
        return name
    return f"{CATALOG}.{DATASET}.{name}" if dialect == "trino" else f"{DATASET}.{name}"


def _duckdb(table: Table, lake: Lake) -> list[str]:
    pattern = f"{lake.below(table)}/corpus=*/date=*/part-*.parquet"
    comments = [
        f"COMMENT ON COLUMN {table.name}.{quoted_name(column.name, 'duckdb')}"
        f" IS {quoted_text(column.description, 'duckdb')}"
        for column in (*PARTITION, *table.columns)
    ]
    return [
        pattern_view(table, pattern),
        f"COMMENT ON VIEW {table.name} IS {quoted_text(table.description, 'duckdb')}",
        *comments,
    ]


def _bigquery(table: Table, lake: Lake) -> list[str]:
    columns = _listed(
        f"{_named(column, 'bigquery')}"
        f" OPTIONS(description = {quoted_text(column.description, 'bigquery')})"
        for column in table.columns
    )
    partition = ", ".join(_named(column, "bigquery") for column in PARTITION)
    options = {
        "format": "'PARQUET'",
        "uris": f"[{quoted_text(lake.below(table) + '/*', 'bigquery')}]",
        "hive_partition_uri_prefix": quoted_text(lake.below(table), "bigquery"),
        "enable_list_inference": "true",
        "description": quoted_text(table.description, "bigquery"),
    }
    given = _listed(f"{name} = {value}" for name, value in options.items())
    return [
        f"CREATE OR REPLACE EXTERNAL TABLE {relation(table.name, 'bigquery')} ({columns})\n"
        f"WITH PARTITION COLUMNS ({partition})\nOPTIONS ({given})"
    ]


def _trino(table: Table, lake: Lake) -> list[str]:
    columns = _listed(_commented(column, "trino") for column in (*table.columns, *PARTITION))
    partition = ", ".join(f"'{column.name}'" for column in PARTITION)
    options = {
        "format": "'PARQUET'",
        "external_location": quoted_text(lake.below(table), "trino"),
        "partitioned_by": f"ARRAY[{partition}]",
    }
    given = _listed(f"{name} = {value}" for name, value in options.items())
    return [
        f"CREATE TABLE IF NOT EXISTS {relation(table.name, 'trino')} ({columns})\n"
        f"COMMENT {quoted_text(table.description, 'trino')}\nWITH ({given})",
        f"CALL {CATALOG}.system.sync_partition_metadata('{DATASET}', '{table.name}', 'FULL')",
    ]


def _athena(table: Table, lake: Lake) -> list[str]:
    columns = _listed(_commented(column, "athena") for column in table.columns)
    partition = ", ".join(_commented(column, "athena") for column in PARTITION)
    properties = {
        "projection.enabled": "true",
        "projection.corpus.type": "enum",
        "projection.corpus.values": lake.corpora,
        "projection.date.type": "date",
        "projection.date.format": "yyyy-MM-dd",
        "projection.date.range": f"{lake.since},NOW",
        "storage.location.template": lake.below(table) + "/corpus=${corpus}/date=${date}/",
    }
    given = _listed(
        f"'{name}' = {quoted_text(value, 'athena')}" for name, value in properties.items()
    )
    return [
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {relation(table.name, 'athena')} ({columns})\n"
        f"COMMENT {quoted_text(table.description, 'athena')}\n"
        f"PARTITIONED BY ({partition})\nSTORED AS PARQUET\n"
        f"LOCATION {quoted_text(lake.below(table) + '/', 'athena')}\nTBLPROPERTIES ({given})"
    ]


def _named(column: Column, dialect: Dialect) -> str:
    return f"{quoted_name(column.name, dialect)} {type_name(column.type, dialect)}"


def _commented(column: Column, dialect: Dialect) -> str:
    return f"{_named(column, dialect)} COMMENT {quoted_text(column.description, dialect)}"


def _listed(parts: Iterable[str]) -> str:
    """One a line."""
    return "\n  " + ",\n  ".join(parts) + "\n"
