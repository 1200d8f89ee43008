"""The tables of a folder as an open database, for tests of finished nights."""

from __future__ import annotations

from pathlib import Path

import duckdb

from af3core.storage.address import store_at
from beam_jobs.framework.table_snapshot import take_snapshot
from beam_jobs.framework.views import open_views
from beam_jobs.framework.withdrawn import withdrawals
from schemas.tables.derived_tables import ALL_TABLES


def connected(out: Path | str) -> duckdb.DuckDBPyConnection:
    """A database with a view per table."""
    names = [table.name for table in ALL_TABLES]
    found = take_snapshot(store_at(str(out)), names).by_table()
    return open_views(
        str(out), {name: found.get(name, []) for name in names}, withdrawals(store_at(str(out)))
    )
