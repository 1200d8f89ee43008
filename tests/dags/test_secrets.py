"""No secret in what Airflow keeps: results of tasks, rendered fields, logs, launches, tables."""

from __future__ import annotations

import psycopg2
import pytest
from psycopg2 import sql

from tests.chat_server import Server
from tests.dags.nights_apart import KilledJob
from tests.dags.site import API_KEY, Site, row_count

pytestmark = pytest.mark.airflow

DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
SECRETS = (DATABASE, "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET")


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


def test_a_models_key_is_used_and_kept_nowhere(
    site: Site, model: Server, killed_job: KilledJob
) -> None:
    environment = killed_job.environment
    assert environment["AF3_API_KEY"] == API_KEY
    assert [name for name in environment if "AIRFLOW__" in name] == []
    secrets = {site.airflow.environment[name] for name in SECRETS}
    assert len(secrets) == 2  # the API's two are one
    assert secrets.isdisjoint(environment.values())
    assert f"Bearer {API_KEY}" in model.keys
    assert row_count(site.out(killed_job.corpus), "transcripts") >= 1

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
