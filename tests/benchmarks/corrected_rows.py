"""A corrected view beside its plain table: a thousand corrections over a million transcripts.

python -m tests.benchmarks.corrected_rows [FOLDER] [--segments 1000000] [--corrections 1000]

FOLDER is a folder of `tests.benchmarks.generated_tables`, which gets a table `corrections`; without
it one is made for the time. CPU seconds of all threads, the least of five.
"""

from __future__ import annotations

import argparse
import datetime
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from af3core.storage.address import open_store
from beam_jobs.framework.parquet_encoding import encode_table
from schemas import layout
from schemas.sql.definitions import Lake
from schemas.sql.scripts import script
from schemas.tables.correction_tables import CORRECTIONS
from tests.benchmarks.generated_tables import generate
from tests.benchmarks.report import header, line

_THREADS = 2
_TIMES = 5
_ASKED = "SELECT count(*), sum(word_count), max(text), count(flags) FROM {}"
_PLACES = """\
SELECT corpus, recording_id, task_id, channel, start_ms, end_ms, text
FROM transcripts ORDER BY md5(recording_id || start_ms) LIMIT {}"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", metavar="FOLDER", help="generated before")
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--corrections", type=int, default=1_000)
    options = parser.parse_args()
    header("A corrected view", "duckdb")
    with tempfile.TemporaryDirectory() as scratch:
        out = options.out or Path(scratch) / "all"
        if options.out is None:
            generate(out, options.segments, vectors=False)
        _measure(out, options.corrections)


def _measure(out: Path, count: int) -> None:
    connection = _connected(out)
    _correct(out, connection.sql(_PLACES.format(count)).fetchall())
    (shown,) = connection.sql(
        "SELECT count(*) FROM corrected_transcripts WHERE corrected_by IS NOT NULL"
    ).fetchall()
    line("corrections shown", f"{shown[0]}")
    plain, corrected = (
        _least_cpu_s(connection, name) for name in ("transcripts", "corrected_transcripts")
    )
    line("plain table", f"{plain:.2f} CPU s")
    line("corrected view", f"{corrected:.2f} CPU s", f"{corrected / plain:.1f} times")


def _connected(out: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"SET threads = {_THREADS}")
    connection.execute(script("duckdb", Lake(str(out))))
    return connection


def _least_cpu_s(connection: duckdb.DuckDBPyConnection, name: str) -> float:
    found = []
    for _ in range(_TIMES):
        begun = time.process_time()
        connection.execute(_ASKED.format(name)).fetchall()
        found.append(time.process_time() - begun)
    return min(found)


def _correct(out: Path, places: list[tuple[Any, ...]]) -> None:
    """Write the table as `af3 correct` does, a text for each place; one shard for each corpus."""
    store, now = open_store(str(out)), datetime.datetime.now(datetime.UTC)
    for corpus in sorted({place[0] for place in places}):
        rows = [
            CORRECTIONS.empty_row()
            | dict(zip(_NAMES, place[1:], strict=True))
            | {"correction_id": f"c{number}", "source": "transcripts", "new_value": "mended"}
            | {"kind": "text", "aspect": "value", "corrected_by": "Ada", "corrected_at": now}
            for number, place in enumerate(places)
            if place[0] == corpus
        ]
        key = layout.shard_key(CORRECTIONS.name, corpus, f"{now:%Y-%m-%d}", 0, 1)
        store.write(key, encode_table(CORRECTIONS, rows))


_NAMES = ("recording_id", "task_id", "channel", "start_ms", "end_ms", "old_value")


if __name__ == "__main__":
    main()
