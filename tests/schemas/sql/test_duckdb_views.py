"""Tables as views: typed where they are empty, and over objects of an older version."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.sql.duckdb_views import create_view, sql_type
from schemas.tables.columns import Table
from schemas.tables.derived_tables import ALL_TABLES
from schemas.tables.night_tables import CAPTIONS


@pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.name)
def test_an_empty_view_has_its_columns_and_types(table: Table) -> None:
    connection = duckdb.connect()
    connection.execute(create_view(table, []))
    described = connection.execute(f"DESCRIBE {table.name}").fetchall()
    expected = [("corpus", "VARCHAR"), ("date", "DATE")]
    expected += [(column.name, sql_type(column.type)) for column in table.columns]
    assert [(row[0], row[1].replace('"', "")) for row in described] == expected


def test_columns_that_no_object_has_are_null(tmp_path: Path) -> None:
    folder = tmp_path / "corpus=c" / "date=2026-11-21"
    folder.mkdir(parents=True)
    older = pa.table({"recording_id": ["r"], "text": ["Rain."]})
    pq.write_table(older, folder / "part-00000-of-00001.parquet")
    connection = duckdb.connect()
    connection.execute(create_view(CAPTIONS, [str(folder / "part-00000-of-00001.parquet")]))
    sql = "SELECT corpus, CAST(date AS VARCHAR), recording_id, text, examples, flags FROM captions"
    assert connection.execute(sql).fetchall() == [("c", "2026-11-21", "r", "Rain.", None, None)]


def test_filters_on_the_partition_read_only_its_objects(tmp_path: Path) -> None:
    paths = []
    for day in ("20", "21"):
        folder = tmp_path / "corpus=c" / f"date=2026-11-{day}"
        folder.mkdir(parents=True)
        paths.append(str(folder / "part-00000-of-00001.parquet"))
        pq.write_table(pa.table({"recording_id": [day]}), paths[-1])
    connection = duckdb.connect()
    connection.execute(create_view(CAPTIONS, paths))
    sql = "SELECT recording_id FROM captions WHERE date = DATE '2026-11-21'"
    plan = connection.execute(f"EXPLAIN ANALYZE {sql}").fetchall()[0][1]
    assert connection.execute(sql).fetchall() == [("21",)]
    assert "1/2" in plan
