"""The archive page over a million segments: its start, the first results, and every page.

python -m tests.benchmarks.archive_page FOLDER

FOLDER is a folder of `tests.benchmarks.generated_tables` with an index, which
`tests.benchmarks.search --keep` makes. Each figure is of requests over HTTP to `af3 browse` in a
process of its own; the floor is the round trip of a request that is answered with a small file.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import duckdb

from tests.benchmarks.generated_words import PHRASE
from tests.benchmarks.report import header, line

_TIMES = 40
_STARTS = 3
_TARGET_MS = 500
_SAMPLE = f"USING SAMPLE reservoir({_TIMES} ROWS) REPEATABLE (1)"
_READY = re.compile(r"af3: (http://\S+)")
_FIRST = ("/api/about", "/api/search")
"""What the page asks for when it is opened, at once."""
_SQL = "SELECT date, count(*) FROM transcripts WHERE text ILIKE '%storm%' GROUP BY ALL ORDER BY ALL"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, metavar="FOLDER")
    out = parser.parse_args().out
    header("the archive page", "duckdb", "lancedb", "fastapi", "uvicorn")
    count = _one(out, "segments", "count(*)")
    line("segments", f"{count}")
    _starts(out)
    with _browsing(out) as port:
        _warm(port)
        _pages(out, port)


def _starts(out: Path) -> None:
    """The first reader of a server that has just begun, the files being in the system's cache."""
    starts, firsts, searches = [], [], []
    for _ in range(_STARTS):
        begun = time.perf_counter()
        with _browsing(out) as port:
            starts.append(time.perf_counter() - begun)
            firsts.append(_timed(partial(_together, port, _FIRST)))
            searches.append(_timed(partial(_get, port, "/api/search?q=storm")))
    _say("start to first answer possible", starts)
    _say("first results, first reader", firsts)
    _say("first search, after that", searches, "the text model loads")


def _warm(port: int) -> None:
    _get(port, "/api/search?q=storm")


def _pages(out: Path, port: int) -> None:
    phrases, words = _said(out)
    recordings = _recordings(out)
    _say("floor: round trip", _each(port, ["/static/index.html"] * _TIMES))
    _say(
        f"first results (target {_TARGET_MS} ms)",
        [_timed(partial(_together, port, _FIRST)) for _ in range(_TIMES)],
    )
    _say("about", _each(port, ["/api/about"] * _TIMES))
    _say("newest", _each(port, ["/api/search"] * _TIMES))
    _say(
        "newest, one corpus, a month, unflagged",
        _each(
            port,
            ["/api/search?corpus=radio&since=2026-03-01&until=2026-03-31&unflagged=true"] * _TIMES,
        ),
    )
    quoted = [quote(f'"{phrase}"') for phrase in phrases]
    _say("search by phrase", _each(port, [f"/api/search?mode=words&q={q}" for q in quoted]))
    often = quote(f'"{PHRASE}"')
    _say(
        "search by a frequent phrase",
        _each(port, [f"/api/search?mode=words&q={often}&offset={n}" for n in range(_TIMES)]),
    )
    _say("hybrid", _each(port, [f"/api/search?q={quote(pair)}" for pair in words]))
    _say("recording, from a hit", _each(port, [f"{path}?{day}" for path, day in recordings]))
    _say("recording, by its id alone", _each(port, [path for path, _ in recordings]))
    _say("corpus", _each(port, ["/api/corpus/radio"] * _TIMES))
    _say("SQL over all transcripts", [_timed(partial(_ask_sql, port)) for _ in range(5)])


@contextmanager
def _browsing(out: Path) -> Iterator[int]:
    """`af3 browse` in a process of its own; gives its port."""
    command = [sys.executable, "-m", "beam_jobs", "browse", "--port", "0", "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        found = _READY.match(process.stdout.readline() if process.stdout else "")
        if found is None:
            raise SystemExit(f"{out}: af3 browse does not begin")
        yield urlsplit(found[1]).port or 0
    finally:
        process.terminate()
        process.wait()


def _together(port: int, paths: Sequence[str]) -> None:
    """Requests at once, as a browser sends them; the last answer counts."""
    connections = []
    for path in paths:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", path)
        connections.append(connection)
    for connection in connections:
        _answer(connection)


def _get(port: int, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path)
    return _answer(connection)


def _ask_sql(port: int) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    body = json.dumps({"sql": _SQL})
    connection.request("POST", "/api/sql", body, {"Content-Type": "application/json"})
    return _answer(connection)


def _answer(connection: http.client.HTTPConnection) -> bytes:
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(body.decode())
    return body


def _said(out: Path) -> tuple[list[str], list[str]]:
    """Phrases of three words that stand somewhere, and pairs of words."""
    shards = f"read_parquet('{out}/tables/transcripts/*/*/*.parquet')"
    sql = f"SELECT text FROM (FROM {shards} WHERE length(text) > 100) {_SAMPLE}"
    found = duckdb.execute(sql).fetchall()
    texts = [text.split() for (text,) in found]
    return [" ".join(t[4:7]) for t in texts], [f"{t[2]} {t[-2]}" for t in texts]


def _recordings(out: Path) -> list[tuple[str, str]]:
    """Addresses of recordings, and where they lie, as hits say it."""
    shards = f"read_parquet('{out}/tables/recordings/*/*/*.parquet', hive_partitioning = true)"
    sql = f"SELECT recording_id, corpus, date FROM {shards} {_SAMPLE}"
    return [
        (f"/api/recording/{name}", f"corpus={corpus}&date={date}")
        for name, corpus, date in duckdb.execute(sql).fetchall()
    ]


def _one(out: Path, table: str, value: str) -> Any:
    [(found,)] = duckdb.execute(
        f"SELECT {value} FROM read_parquet('{out}/tables/{table}/*/*/*.parquet')"
    ).fetchall()
    return found


def _each(port: int, paths: Sequence[str]) -> list[float]:
    return [_timed(partial(_get, port, path)) for path in paths]


def _timed(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def _say(name: str, seconds: Sequence[float], note: str = "") -> None:
    median, worst = 1000 * statistics.median(seconds), 1000 * max(seconds)
    told = f"median of {len(seconds)}; worst {worst:.0f} ms"
    line(name, f"{median:.1f} ms", f"{told}; {note}" if note else told)


if __name__ == "__main__":
    main()
