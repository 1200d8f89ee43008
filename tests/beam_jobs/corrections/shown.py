"""What the views of corrections show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from beam_jobs.framework.views import ask_published


def shown(out: Path, table: str = "transcripts", columns: str = "text, corrected_by") -> list[Any]:
    """Columns of a table as people corrected it, in the order of time."""
    sql = f"SELECT {columns} FROM corrected_{table} ORDER BY start_ms"

    def ask(connection: duckdb.DuckDBPyConnection) -> list[Any]:
        return connection.execute(sql).fetchall()

    return ask_published(str(out), ask, (), sql)
