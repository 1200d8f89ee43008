"""The night that the statements are run over."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from af3core.storage.address import store_at
from beam_jobs.framework.parquet_encoding import encode_table
from beam_jobs.framework.table_snapshot import partition_rows
from schemas import layout
from schemas.sql.definitions import Lake
from schemas.sql.scripts import script
from schemas.tables.columns import Table
from schemas.tables.speaker_tables import SPEAKER_TURNS, SPEAKERS
from schemas.tables.word_tables import WORDS
from tests.beam_jobs.demo import finished_night
from tests.made_once import made_once

PARTITION = ("demo", "2026-11-21")


@pytest.fixture(scope="session")
def night(shared: Path) -> Path:
    """To be read, not written to. Somebody speaks in its first recording, and says four words."""

    def make(out: Path) -> None:
        shutil.copytree(finished_night(shared), out)
        first = min(
            row["recording_id"]
            for row in partition_rows(store_at(str(out)), "recordings", *PARTITION)
        )
        said = {"the": (100, 300), "storm": (320, 900), "is": (980, 1100), "over": (4000, 4400)}
        words = [
            {"recording_id": first, "word": word, "start_ms": start, "end_ms": end, "position": n}
            for n, (word, (start, end)) in enumerate(said.items())
        ]
        turns = [
            {
                "recording_id": first,
                "start_ms": start,
                "end_ms": end,
                "voice": voice,
                "speaker": who,
            }
            for start, end, voice, who in ((0, 1000, 1, "anna"), (1000, 2000, 2, None))
        ]
        for table, rows in ((WORDS, words), (SPEAKER_TURNS, turns)):
            write(out, table, rows)
        write(out, SPEAKERS, [{"speaker": "anna", "name": "Anna Berg"}])

    return made_once(shared, "spoken-night", make)


@pytest.fixture(scope="session")
def views(night: Path) -> duckdb.DuckDBPyConnection:
    """The night's tables and views, defined once: half a second of work."""
    return opened(night)


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """DuckDB with the tables and views of a folder, as its script defines them."""
    connection = duckdb.connect()
    connection.execute(script("duckdb", Lake(str(folder))))
    return connection


def write(out: Path, table: Table, rows: list[dict[str, Any]]) -> None:
    """Write a table of the day, as if a job had published it."""
    whole = [table.empty_row() | row for row in rows]
    key = layout.shard_key(table.name, *PARTITION, 0, 1)
    store_at(str(out)).write(key, encode_table(table, whole))
