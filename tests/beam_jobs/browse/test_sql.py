"""SQL of whoever asks: it reads the tables, within its bounds, and does nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from beam_jobs.browse.data.archive_tables import open_tables
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.browse.sql.sql_pool import MOST_BYTES, SqlPool
from beam_jobs.browse.sql.sql_process import SqlRequest
from tests.beam_jobs.browse.served import Site, served, within
from tests.beam_jobs.search.said import FIRST, SECOND, publish

ONLY = "only one SELECT, EXPLAIN, DESCRIBE, SHOW or SUMMARIZE runs here"
ENDLESS = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"
PROCESS = "beam_jobs.browse.sql.sql_process"
_GONE_WITHIN_S = 20


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sql") / "out"
    publish(out, FIRST, {"a" * 24: ["A storm at sea", "Calm"]})
    publish(out, SECOND, {"b" * 24: ["<script>alert(1)</script>"]})
    (out / "secret.csv").write_text("a,b\n1,2\n")
    return out


@pytest.fixture(scope="module")
def site(out: Path) -> Iterator[Site]:
    with served(out) as site:
        yield site


def running() -> set[int]:
    """Processes of queries, of this process."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and PROCESS in (path / "cmdline").read_text():
                found.add(int(path.name))
        except (OSError, ValueError):
            continue
    return found


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT text FROM transcripts ORDER BY start_ms, text LIMIT 1",
         [["<script>alert(1)</script>"]]),
        ("SELECT count(*), max(date) FROM transcripts;", [[3, SECOND]]),
        ("FROM transcripts SELECT count(*)", [[3]]),
        ("WITH s AS (SELECT 1 AS a) SELECT a FROM s UNION ALL SELECT 2", [[1], [2]]),
        ("VALUES (1, 'a')", [[1, "a"]]),
        ("SELECT count(*) FROM chapters", [[0]]),
        ("SELECT range FROM range(2)", [[0], [1]]),
        ("SELECT 'NaN'::DOUBLE, '-inf'::DOUBLE, NULL, 1.5::DECIMAL(4, 2), true",
         [["NaN", "-Infinity", None, 1.5, True]]),
        ("SELECT 9007199254740993, DATE '2026-11-21', [1, 2], {'a': 'b'}, '\\xFF'::BLOB",
         [["9007199254740993", "2026-11-21", [1, 2], {"a": "b"}, "ff"]]),
        ("SELECT TIMESTAMPTZ '2026-11-21 01:00:00+01'", [["2026-11-21T00:00:00+00:00"]]),
    ],
)  # fmt: skip
def test_questions_are_answered(site: Site, sql: str, rows: list[list[object]]) -> None:
    answer = site.sql(sql).json
    assert (answer["rows"], answer["truncated"]) == (rows, False)
    assert answer["seconds"] > 0


@pytest.mark.parametrize(
    "sql",
    ["SHOW TABLES", "DESCRIBE transcripts", "SUMMARIZE transcripts", "EXPLAIN SELECT 1",
     "-- why\nexplain /* how */ ANALYZE SELECT count(*) FROM transcripts"],
)  # fmt: skip
def test_the_tables_can_be_looked_at(site: Site, sql: str) -> None:
    assert len(site.sql(sql).json["rows"]) >= 1


@pytest.mark.parametrize(
    ("sql", "line"),
    [
        ("SELEC", 'Parser Error: syntax error at or near "SELEC"'),
        ("SELECT nothing FROM transcripts", 'Binder Error: Referenced column "nothing" not found'),
        ("SELECT * FROM nowhere", "Catalog Error: Table with name nowhere does not exist!"),
        ("SELECT 1 +", "Parser Error: "),
        ("SELECT CAST('a' AS INTEGER)", "Conversion Error: Could not convert string 'a' to INT32"),
        ("", ONLY),
        ("-- nothing", ONLY),
        ("SELECT 1; SELECT 2", ONLY),
        ("SELECT " + "(" * 5000 + "1" + ")" * 5000, "Parser Error: Max expression depth limit"),
        ("/**/" * 20_000 + "x", "Parser Error: syntax error"),
    ],
)
def test_wrong_sql_is_one_clear_line(site: Site, sql: str, line: str) -> None:
    reply = site.sql(sql)
    assert reply.status == 400
    assert reply.error.startswith(line)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO transcripts VALUES (1)",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW transcripts",
        "UPDATE transcripts SET text = ''",
        "DELETE FROM transcripts",
        "COPY transcripts TO '{out}/x.csv'",
        "COPY (SELECT 1) TO '{out}/tables/x.parquet'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{out}/x.csv'",
        "EXPORT DATABASE '{out}/x'",
        "IMPORT DATABASE '{out}/x'",
        "ATTACH '{out}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '99GB'",
        "RESET memory_limit",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "BEGIN TRANSACTION",
        "CHECKPOINT",
        "PREPARE p AS SELECT 1",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_csv_auto('{out}/secret.csv')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('{out}/tables/**')",
        "SELECT * FROM read_parquet('{out}/tables/*/*/*/*.parquet')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM '{out}/secret.csv'",
        "SELECT * FROM '{out}/tables/../secret.csv'",
        "SELECT * FROM 'https://example.org/x.parquet'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM query('COPY (SELECT 1) TO ''/tmp/x''')",
        "SELECT * FROM duckdb_settings()",
        "SELECT (SELECT count(*) FROM read_text('/etc/passwd'))",
        "WITH x AS (SELECT * FROM glob('/*')) SELECT * FROM x",
        "SELECT getenv('HOME')",
        "SELECT current_setting('temp_directory')",
        "SELECT nextval('s')",
        "SELECT * FROM site",
        "SELECT * FROM sys",
    ],
)
def test_nothing_but_reading_the_tables_runs(site: Site, out: Path, sql: str) -> None:
    before = sorted(path for path in out.rglob("*"))
    reply = site.sql(sql.format(out=out))
    assert reply.status == 400
    assert reply.error
    assert sorted(path for path in out.rglob("*")) == before


def test_a_huge_result_is_cut_off(site: Site) -> None:
    answer = site.sql("SELECT range FROM range(10000000000)").json
    assert (len(answer["rows"]), answer["truncated"]) == (1000, True)
    assert answer["rows"][-1] == [999]
    exact = site.sql("SELECT range FROM range(1000)").json
    assert (len(exact["rows"]), exact["truncated"]) == (1000, False)


def test_an_answer_of_too_many_bytes_says_so(site: Site) -> None:
    reply = site.sql("SELECT repeat('x', 100000) FROM range(1000)")
    assert reply.status == 413
    assert reply.error.startswith("the answer is larger than 8 MB: choose fewer columns")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list(range) FROM range(1000000000)",
        "SELECT repeat('x', 3000000000)",
        "SELECT string_agg(repeat('x', 1000000), '') FROM range(3000)",
    ],
)
def test_memory_is_bounded(site: Site, out: Path, sql: str) -> None:
    reply = site.sql(sql)
    assert reply.status == 413
    assert "memory" in reply.error
    assert site.sql("SELECT 1").json["rows"] == [[1]]
    assert peak_bytes(SqlRequest(f"{out}/", {}, sql, 1000, MOST_BYTES)) < 2 << 30


_MEASURING = f"""
import os, subprocess, sys
process = subprocess.Popen([sys.executable, "-P", "-m", "{PROCESS}"], stdin=subprocess.PIPE,
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
process.stdin.write(sys.stdin.buffer.read())
process.stdin.close()
print(os.wait4(process.pid, 0)[2].ru_maxrss)
"""
"""A process's peak counts what the one had that started it: this one is small."""


def peak_bytes(request: SqlRequest) -> int:
    """How much memory the process of a query had at most."""
    asked = json.dumps(request.to_json())
    command = [sys.executable, "-c", _MEASURING]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    return 1024 * int(done.stdout)


def test_an_endless_query_is_stopped_and_its_process_gone(out: Path) -> None:
    with served(out, sql_seconds=1.5) as site:
        begun = time.monotonic()
        for sql in (
            ENDLESS,
            "WITH RECURSIVE t AS (SELECT 1 n UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t",
        ):
            reply = site.sql(sql)
            assert reply.status == 504
            assert reply.error == "stopped after 1.5 seconds; narrow the query, such as by date"
            assert not running()
        assert time.monotonic() - begun < _GONE_WITHIN_S
        assert site.sql("SELECT 1").status == 200


def test_nobody_waits_any_more_and_the_process_is_gone(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.dumps({"sql": ENDLESS}).encode()
    with socket.create_connection(("127.0.0.1", site.port)) as asker:
        head = (
            f"POST /api/sql HTTP/1.1\r\nHost: {site.host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        asker.sendall(head.encode() + body)
        assert within(lambda: running() != set())
    assert within(lambda: not running())
    assert site.sql("SELECT 1").status == 200
    assert caplog.records == []  # whoever leaves is no error of the server


def test_others_wait_for_their_turn_and_are_told(out: Path) -> None:
    async def three() -> list[object]:
        sandbox = SqlPool(open_tables(str(out)), seconds=4, wait_s=1)
        return await asyncio.gather(
            *(sandbox.answer(ENDLESS) for _ in range(3)), return_exceptions=True
        )

    said = asyncio.run(three())
    assert all(isinstance(each, Refusal) for each in said)
    statuses = sorted(each.status for each in said if isinstance(each, Refusal))
    assert statuses == [503, 504, 504]
    assert not running()


@pytest.mark.parametrize(
    ("kind", "body", "status", "line"),
    [
        ("text/plain", b'{"sql": "SELECT 1"}', 400, "send SQL as application/json"),
        ("application/json", b"SELECT 1", 400, 'send {"sql": "SELECT …"}'),
        ("application/json", b'{"sql": 1}', 400, 'send {"sql": "SELECT …"}'),
        ("application/json", b"[" * 100_000, 400, 'send {"sql": "SELECT …"}'),
        ("application/json", b'{"sql": "' + b"x" * 100_001 + b'"}', 413,
         "SQL of more than 100000 characters"),
        ("application/json", b" " * 500_000, 413, "SQL of more than 100000 characters"),
    ],
)  # fmt: skip
def test_what_is_no_question(site: Site, kind: str, body: bytes, status: int, line: str) -> None:
    reply = site.ask("/api/sql", {"Content-Type": kind}, "POST", body)
    assert (reply.status, reply.error) == (status, line)
