"""BigQuery, Trino and Athena: every statement parsed, every column compared, every view's rows."""

from __future__ import annotations

import math
from typing import Any

import duckdb
import pytest
from sqlglot import exp

from schemas.sql.column_types import Dialect
from schemas.sql.definitions import Lake, define
from schemas.sql.joined_views import JOINED_VIEWS, JoinedView, define_joined
from schemas.sql.scripts import statements
from schemas.tables.columns import Table
from schemas.tables.derived_tables import ALL_TABLES
from tests.schemas.sql.parsed import BIGQUERY_PARTITION, kind_of_arrow, parse, parse_table

WAREHOUSES: tuple[Dialect, ...] = ("bigquery", "trino", "athena")
LAKE = Lake("gs://lake/annotated", corpora="radio,film")


@pytest.mark.parametrize("dialect", WAREHOUSES)
@pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.name)
def test_columns_are_those_of_the_schema(table: Table, dialect: Dialect) -> None:
    parsed = parse_table(define(table, dialect, LAKE)[0], dialect)
    assert parsed.name == table.name
    expected = [(field.name, kind_of_arrow(field.type, dialect)) for field in table.schema]
    assert list(parsed.columns) == [*expected, ("corpus", "text"), ("date", "day")]
    assert parsed.partition == ("corpus", "date")
    described = {column.name: column.description for column in table.columns}
    assert {name: parsed.descriptions[name] for name in described} == described


@pytest.mark.parametrize("dialect", WAREHOUSES)
def test_every_statement_is_understood(dialect: Dialect) -> None:
    """But for what the parser lacks: BigQuery's partition clause, and procedures of Trino."""
    found = statements(dialect, LAKE)
    called = [sql for sql in found if sql.startswith("CALL")]
    assert len(called) == (len(ALL_TABLES) if dialect == "trino" else 0)
    for sql in found:
        if sql not in called:
            assert isinstance(parse(sql.replace(BIGQUERY_PARTITION, ""), dialect), exp.Create)


def test_trino_is_told_of_new_nights() -> None:
    assert define(ALL_TABLES[0], "trino", LAKE)[1] == (
        "CALL hive.system.sync_partition_metadata('af3', 'recordings', 'FULL')"
    )


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (
            "bigquery",
            {
                "uris": "['gs://lake/annotated/tables/recordings/*']",
                "hive_partition_uri_prefix": "gs://lake/annotated/tables/recordings",
                "enable_list_inference": "TRUE",
            },
        ),
        (
            "trino",
            {"external_location": "gs://lake/annotated/tables/recordings"},
        ),
        (
            "athena",
            {
                "projection.enabled": "true",
                "projection.corpus.type": "enum",
                "projection.corpus.values": "radio,film",
                "projection.date.type": "date",
                "projection.date.format": "yyyy-MM-dd",
                "projection.date.range": "2000-01-01,NOW",
                "storage.location.template": (
                    "gs://lake/annotated/tables/recordings/corpus=${corpus}/date=${date}/"
                ),
            },
        ),
    ],
)
def test_where_the_objects_are(dialect: Dialect, expected: dict[str, str]) -> None:
    sql = define(ALL_TABLES[0], dialect, LAKE)[0].replace(BIGQUERY_PARTITION, "")
    properties = parse(sql, dialect).args["properties"].expressions
    (form,) = (each for each in properties if isinstance(each, exp.FileFormatProperty))
    assert form.this.name == "PARQUET"
    options = {
        each.name: _value(each.args["value"], dialect)
        for each in properties
        if type(each) is exp.Property
    }
    assert options | expected == options


@pytest.mark.parametrize("dialect", WAREHOUSES)
@pytest.mark.parametrize("view", JOINED_VIEWS, ids=lambda view: view.name)
def test_a_view_gives_the_rows_that_duckdbs_gives(
    view: JoinedView, dialect: Dialect, views: duckdb.DuckDBPyConnection
) -> None:
    (sql,) = define_joined(view, dialect)
    select = parse(sql, dialect).expression
    for table in select.find_all(exp.Table):
        assert table.db == "af3"
        table.set("db", None)
        table.set("catalog", None)
    ours = views.sql(f"SELECT * FROM {view.name} ORDER BY ALL")
    theirs = views.sql(f"SELECT * FROM ({select.sql('duckdb')}) ORDER BY ALL")
    assert theirs.columns == ours.columns
    rows = ours.fetchall()
    assert len(rows) > 0
    assert _near(theirs.fetchall(), rows)


def _near(found: list[Any], expected: list[Any]) -> bool:
    """Equal rows; sums of numbers may differ in the last digit."""
    return len(found) == len(expected) and all(
        math.isclose(a, b, rel_tol=1e-12)
        if isinstance(a, float) and isinstance(b, float)
        else a == b
        for one, other in zip(found, expected, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def _value(value: exp.Expression, dialect: Dialect) -> str:
    return str(value.this) if isinstance(value, exp.Literal) else value.sql(dialect)
