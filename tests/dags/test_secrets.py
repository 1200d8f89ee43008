"""No secret in what Airflow keeps: results of tasks, rendered fields, logs, launches, tables."""

from __future__ import annotations

import psycopg2
import pytest
from psycopg2 import sql

from tests.dags.site import API_KEY, Site, day, row_count

pytestmark = pytest.mark.airflow

DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


def kept_in_database(site: Site) -> dict[str, str]:
    """Every table of Airflow's database, as text."""
    address = site.airflow.environment[DATABASE].replace("+psycopg2", "")
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        kept = {}
        for (table,) in cursor.fetchall():
            cursor.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table)))
            kept[table] = "\n".join(row[0] for row in cursor.fetchall())
        return kept


def test_a_models_key_is_used_and_kept_nowhere(site: Site) -> None:
    run = site.trigger("annotate__served", day=day(3))
    assert site.finished("annotate__served", [run]) == {run: "success"}
    assert row_count(site.out("served"), "transcripts") >= 1

    kept = kept_in_database(site)
    assert "clips_asked" in kept["xcom"]
    assert [table for table, text in kept.items() if API_KEY in text] == []
    database = site.airflow.home / "postgres"
    files = [
        path
        for path in site.folder.rglob("*")
        if path.is_file() and not path.is_relative_to(database)
    ]
    assert any("task_id=annotate" in str(path) for path in files)
    assert [path for path in files if API_KEY.encode() in path.read_bytes()] == []
