"""A dialect's statements as one script, with a head that says how to run it."""

from __future__ import annotations

from pathlib import Path

from schemas.sql.column_types import DIALECTS, Dialect
from schemas.sql.corrected_views import CORRECTED_VIEWS
from schemas.sql.definitions import CATALOG, DATASET, Lake, define
from schemas.sql.joined_views import JOINED_VIEWS, define_joined
from schemas.tables.derived_tables import ALL_TABLES

FOLDER = Path(__file__).parent
PLACEHOLDERS: dict[Dialect, str] = {
    "duckdb": "FOLDER",
    "bigquery": "gs://BUCKET/PREFIX",
    "trino": "gs://BUCKET/PREFIX",
    "athena": "s3://BUCKET/PREFIX",
}
_TITLES: dict[Dialect, str] = {
    "duckdb": "Views for DuckDB (2.0 or newer)",
    "bigquery": "External tables for BigQuery",
    "trino": "External tables for Trino's Hive connector",
    "athena": "External tables for Athena (engine version 3)",
}
_NOTES: dict[Dialect, str] = {
    "duckdb": """\
FOLDER is what --out of af3 was: sed 's|FOLDER|/media/annotated|' duckdb.sql > views.sql
Then: duckdb -init views.sql. Of a gs:// or s3:// address DuckDB needs httpfs and a secret.
New nights are seen at once; a table without objects is an empty view.
Tested: run by DuckDB over a night's tables and over an empty folder.""",
    "bigquery": f"""\
gs://BUCKET/PREFIX is what --out of af3 was; the dataset is {DATASET}.
New nights are seen at once: BigQuery lists the objects at each query. Give corpus and date.
infra/terraform/modules/bigquery makes the same tables with a connection and cached metadata.
Tested: parsed as BigQuery's dialect, and the views' rows by DuckDB. Never run in BigQuery.""",
    "trino": f"""\
gs://BUCKET/PREFIX is what --out of af3 was, or any address that Trino's file systems know; the
schema is {DATASET} in the catalogue {CATALOG}, of the Hive connector.
New nights are seen after the CALLs below: run them after each publish. Times are UTC.
Tested: parsed as Trino's dialect, and the views' rows by DuckDB. Never run in Trino.""",
    "athena": f"""\
s3://BUCKET/PREFIX is a copy of what --out of af3 was (gcloud storage rsync -r), as Athena reads
S3 only. CORPORA are the corpora with commas, such as radio,film. The database is {DATASET}.
Athena runs one statement at a time. Times are UTC.
New nights are seen at once: partitions are projected from the corpora and from 2000-01-01 on.
Give corpus and date, or every day since then is looked for; raise that day in a young archive.
Tested: parsed as Athena's dialect, and the views' rows by DuckDB. Never run in Athena.""",
}


def script(dialect: Dialect, lake: Lake | None = None) -> str:
    """All statements, each closed by a semicolon.

    Args:
        lake: where the tables lie; without it placeholders, which the head explains.
    """
    head = [f"{_TITLES[dialect]} over the tables of af3-archive."]
    if lake is None:
        head += ["Written by `python -m schemas.sql`, which fills the placeholders in as well:"]
        head += [f"python -m schemas.sql {dialect} --location {_example(dialect)}"]
        head += _NOTES[dialect].splitlines()
    commented = "\n".join(f"-- {line}" for line in head)
    found = statements(dialect, lake or Lake(PLACEHOLDERS[dialect]))
    return commented + "\n\n" + "".join(f"{statement};\n\n" for statement in found).rstrip() + "\n"


def statements(dialect: Dialect, lake: Lake) -> list[str]:
    """What the script runs, in its order, without semicolons."""
    begun = {
        "duckdb": [],
        "bigquery": [f"CREATE SCHEMA IF NOT EXISTS {DATASET}"],
        "trino": [f"CREATE SCHEMA IF NOT EXISTS {CATALOG}.{DATASET}"],
        "athena": [f"CREATE DATABASE IF NOT EXISTS {DATASET}"],
    }
    tables = [made for table in ALL_TABLES for made in define(table, dialect, lake)]
    views = [
        made for view in (*CORRECTED_VIEWS, *JOINED_VIEWS) for made in define_joined(view, dialect)
    ]
    return [*begun[dialect], *tables, *views]


def write_all(folder: Path) -> None:
    """Write the script of each dialect."""
    for dialect in DIALECTS:
        (folder / f"{dialect}.sql").write_text(script(dialect), "utf-8")


def _example(dialect: Dialect) -> str:
    """A location, with what else the dialect needs."""
    return {
        "duckdb": "/media/annotated",
        "athena": "s3://lake/annotated --corpora radio,film",
    }.get(dialect, "gs://lake/annotated")
