"""A database that reads the tables of one output and nothing else, whatever it is asked."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from af3core.storage.store import Store
from schemas.sql.column_types import quoted_text


@dataclass(frozen=True)
class Bounds:
    """What a query may take; DuckDB's own bounds where nothing is said.

    Attributes:
        memory_limit: such as `1GB`.
        threads: how many.
        spill_folder: where it may put what the memory does not hold; empty is nowhere.
    """

    memory_limit: str = ""
    threads: int = 0
    spill_folder: str = ""


def lock(connection: duckdb.DuckDBPyConnection, store: Store, bounds: Bounds) -> None:
    """Nothing but the tables can be reached any more, and none of it be changed back."""
    folders = [store.address("tables/"), store.address("superseded/")]
    readable = ", ".join(quoted_text(folder, "duckdb") for folder in folders)
    settings = [
        "TimeZone = 'UTC'",
        f"allowed_directories = [{readable}]",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        "python_enable_replacements = false",
        f"temp_directory = {quoted_text(bounds.spill_folder, 'duckdb')}",
        "enable_external_access = false",
    ]
    if bounds.memory_limit:
        settings.append(f"memory_limit = '{bounds.memory_limit}'")
    if bounds.threads:
        settings.append(f"threads = {bounds.threads}")
    for setting in (*settings, "lock_configuration = true"):
        connection.execute(f"SET {setting}")
