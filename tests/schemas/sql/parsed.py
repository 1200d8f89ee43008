"""What a SQL parser reads out of a dialect's statements."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import sqlglot
from sqlglot import exp

from schemas.sql.column_types import Dialect

BIGQUERY_PARTITION = "WITH PARTITION COLUMNS (`corpus` STRING, `date` DATE)"
_SCALARS = {
    exp.DataType.Type.VARCHAR: "text",
    exp.DataType.Type.TEXT: "text",
    exp.DataType.Type.BIGINT: "integer",
    exp.DataType.Type.FLOAT: "single",
    exp.DataType.Type.DOUBLE: "double",
    exp.DataType.Type.BOOLEAN: "truth",
    exp.DataType.Type.DATE: "day",
    exp.DataType.Type.TIMESTAMP: "time",
    exp.DataType.Type.TIMESTAMPTZ: "time",
}


@dataclass(frozen=True)
class ParsedTable:
    """A table's columns, partition included, as (name, kind of value), and its comments."""

    name: str
    columns: tuple[tuple[str, str], ...]
    partition: tuple[str, ...]
    descriptions: dict[str, str]


def parse(sql: str, dialect: Dialect) -> exp.Expression:
    """The statement; fails where the parser does not know all of it."""
    parsed = sqlglot.parse_one(sql, dialect=dialect)
    if isinstance(parsed, exp.Command):
        raise AssertionError(f"not understood: {sql[:200]}")
    return parsed


def parse_table(sql: str, dialect: Dialect) -> ParsedTable:
    """A table's definition. The parser lacks BigQuery's partition clause: it is read by itself."""
    partition: list[exp.Expression] = []
    if dialect == "bigquery":
        before, clause, after = sql.partition(BIGQUERY_PARTITION)
        if not clause:
            raise AssertionError(f"no partition: {sql[:200]}")
        sql = before + after
        declared = parse(
            "CREATE TABLE t " + clause.removeprefix("WITH PARTITION COLUMNS "), dialect
        )
        partition = declared.this.expressions
    parsed = parse(sql, dialect)
    hive = parsed.find(exp.PartitionedByProperty)
    if dialect == "athena" and hive is not None:
        partition = hive.this.expressions
    columns = [*parsed.this.expressions, *partition]
    names = [column.name for column in partition]
    if dialect == "trino" and hive is not None:
        names = [column.name for column in hive.this.expressions]
    return ParsedTable(
        parsed.this.this.name,
        tuple((column.name, kind_of_sql(column.args["kind"])) for column in columns),
        tuple(names),
        {column.name: _description(column) for column in columns},
    )


def kind_of_sql(kind: exp.DataType) -> str:
    """The kind of value that a dialect's type holds, in words that all dialects share."""
    if kind.this == exp.DataType.Type.ARRAY:
        return f"list of {kind_of_sql(kind.expressions[0])}"
    if kind.this == exp.DataType.Type.STRUCT:
        parts = (f"{part.name} {kind_of_sql(part.args['kind'])}" for part in kind.expressions)
        return f"({', '.join(parts)})"
    return _SCALARS[kind.this]


def kind_of_arrow(data_type: pa.DataType, dialect: Dialect) -> str:
    """The same of a column of Parquet; BigQuery has no single-precision numbers."""
    if pa.types.is_list(data_type):
        return f"list of {kind_of_arrow(data_type.value_type, dialect)}"
    if pa.types.is_struct(data_type):
        parts = (f"{part.name} {kind_of_arrow(part.type, dialect)}" for part in data_type)
        return f"({', '.join(parts)})"
    if pa.types.is_timestamp(data_type):
        return "time"
    scalars = {
        "string": "text",
        "int64": "integer",
        "float": "double" if dialect == "bigquery" else "single",
        "double": "double",
        "bool": "truth",
        "date32[day]": "day",
    }
    return scalars[str(data_type)]


def _description(column: exp.ColumnDef) -> str:
    """The comment, or BigQuery's option."""
    constraint = column.find(exp.CommentColumnConstraint)
    if constraint is not None:
        return str(constraint.this.this)
    option = column.find(exp.Property)
    return "" if option is None else str(option.args["value"].this)
