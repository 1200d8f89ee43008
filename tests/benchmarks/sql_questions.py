"""The five questions of the page for analysts over a million segments, by DuckDB on two threads.

python -m tests.benchmarks.sql_questions [FOLDER] [--segments 1000000]

FOLDER is a folder of `tests.benchmarks.generated_tables`; without it one is made for the time. Each
question is asked of the views of `af3 query`. The floor is a hash of the columns that it touches;
the peer is pyarrow's Acero over the same files.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from schemas.sql.definitions import Lake
from schemas.sql.joined_views import JOINED_VIEWS
from schemas.sql.scripts import script
from tests.beam_jobs.database import connected
from tests.benchmarks.generated_tables import generate
from tests.benchmarks.report import header, line
from tests.pages import blocks

_THREADS = 2
_TIMES = 7
_TARGET_S = 1
_NAMES = ("a phrase", "hours by night", "doubtful rows", "answers over time", "failures")
_TEXTS = ("transcripts", "captions", "answers")
_TOUCHED: tuple[dict[str, list[str]], ...] = (
    {
        "transcripts": ["text", "start_ms", "recording_id"],
        "recordings": ["recording_id", "object_uri"],
    },
    {"recordings": ["corpus", "date", "duration_ms", "annotated_ms"]},
    {table: ["flags", "text"] for table in _TEXTS},
    {"answers": ["date", "task_id", "choice"]},
    {"failures": ["stage", "error_class", "message"]},
)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", metavar="FOLDER", help="generated before")
    parser.add_argument("--segments", type=int, default=1_000_000)
    options = parser.parse_args()
    header("SQL over the tables", "duckdb", "pyarrow")
    pa.set_cpu_count(_THREADS)
    with tempfile.TemporaryDirectory() as scratch:
        out = options.out or Path(scratch) / "all"
        if options.out is None:
            generate(out, options.segments, vectors=False)
        _measure(out)


def _measure(out: Path) -> None:
    connection = _connected(out)
    ((rows,),) = connection.sql("SELECT count(*) FROM segments").fetchall()
    objects = sum(1 for _ in out.glob("tables/*/*/*/*.parquet"))
    line("segments", f"{rows}", f"{objects} objects")
    line("tables found and views made", _median(partial(_connected, out)))
    questions = blocks("docs/analyst.md", "sql")
    for number, (name, sql) in enumerate(zip(_NAMES, questions, strict=True)):
        _compare(name, number, sql, connection, out)
    views = duckdb.connect()
    views.execute(f"SET threads = {_THREADS}")
    views.execute(script("duckdb", Lake(str(out))))
    ((corpus, date),) = views.sql("SELECT corpus, date FROM hours_by_night LIMIT 1").fetchall()
    night = f"WHERE corpus = '{corpus}' AND date = DATE '{date}'"
    for view in JOINED_VIEWS:
        line(f"{view.name}, all rows", _median(partial(_all_of, view.name, views)))
        line("  of one night", _median(partial(_all_of, f"{view.name} {night}", views)))


def _compare(
    name: str, number: int, sql: str, connection: duckdb.DuckDBPyConnection, out: Path
) -> None:
    """A question, its floor and its peer."""
    line(f"{name} (target {_TARGET_S} s)", _median(lambda: connection.sql(sql).fetchall()))
    line("  floor: its columns read", _median(partial(_read, connection, _TOUCHED[number])))
    line("  peer: pyarrow's Acero", _median(partial(_PEERS[number], out)))


def _connected(out: Path) -> duckdb.DuckDBPyConnection:
    connection = connected(out)
    connection.execute(f"SET threads = {_THREADS}")
    return connection


def _all_of(view: str, connection: duckdb.DuckDBPyConnection) -> None:
    """Every column of every row is made."""
    connection.execute(f"SELECT count(COLUMNS(*)) FROM {view}").fetchall()


def _table(out: Path, name: str) -> ds.Dataset:
    parts = ds.partitioning(
        pa.schema([("corpus", pa.string()), ("date", pa.string())]), flavor="hive"
    )
    return ds.dataset(out / "tables" / name, partitioning=parts)


def _read(connection: duckdb.DuckDBPyConnection, touched: dict[str, list[str]]) -> None:
    for name, columns in touched.items():
        connection.execute(f"SELECT bit_xor(hash({', '.join(columns)})) FROM {name}").fetchall()


def _phrase(out: Path) -> pa.Table:
    spoken = _table(out, "transcripts").to_table(
        columns=["corpus", "date", "recording_id", "start_ms", "text"],
        filter=pc.match_substring(pc.field("text"), "welcome back", ignore_case=True),
    )
    keys = ["corpus", "date", "recording_id"]
    recordings = _table(out, "recordings").to_table(columns=[*keys, "object_uri"])
    return spoken.join(recordings, keys).sort_by([("object_uri", "ascending")])


def _hours(out: Path) -> pa.Table:
    columns = ["corpus", "date", "duration_ms", "annotated_ms"]
    read = _table(out, "recordings").to_table(columns=columns)
    sums = [("duration_ms", "sum"), ("annotated_ms", "sum"), ([], "count_all")]
    return read.group_by(["corpus", "date"]).aggregate(sums)


def _doubtful(out: Path) -> pa.Table:
    found = []
    for name in _TEXTS:
        for batch in _table(out, name).to_batches(columns=["flags", "text"]):
            owner = pc.list_parent_indices(batch["flags"])
            columns = [pc.list_flatten(batch["flags"]), batch["text"].take(owner)]
            found.append(pa.table(columns, names=["flag", "text"]))
    counts = [([], "count_all"), ("text", "min")]
    return pa.concat_tables(found).group_by("flag").aggregate(counts)


def _over_time(out: Path) -> pa.Table:
    read = _table(out, "answers").to_table(
        columns=["date", "choice"], filter=pc.field("task_id") == "speaker"
    )
    return read.group_by(["date", "choice"]).aggregate([([], "count_all")])


def _failures(out: Path) -> pa.Table:
    read = _table(out, "failures").to_table(columns=["stage", "error_class", "message"])
    counts = [([], "count_all"), ("message", "min")]
    return read.group_by(["stage", "error_class"]).aggregate(counts)


_PEERS: tuple[Callable[[Path], pa.Table], ...] = (
    _phrase,
    _hours,
    _doubtful,
    _over_time,
    _failures,
)


def _median(run: Callable[[], object]) -> str:
    """Of so many times, after one that is not counted."""
    run()
    taken = []
    for _ in range(_TIMES):
        begun = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begun)
    return f"{statistics.median(taken):.3f} s"


if __name__ == "__main__":
    main()
