"""`af3 query` as people and programs meet it: in a terminal of its own, in a pipe, in a file."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from beam_jobs.cli import main
from tests.beam_jobs.search.said import FIRST, SECOND, publish

HOSTILE = "[applause] hello [music] world [/b] \x1b]0;taken\x07\x9b31m \u202e"
SHOWN = "[applause] hello [music] world [/b] \\x1b]0;taken\\x07\\x9b31m \\u202e"
LONG = "gs://bucket/" + "a-long-folder/" * 12


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("query") / "out"
    publish(out, FIRST, {"a" * 24: [HOSTILE, 'Calm, "quoted"\nnext']})
    publish(out, SECOND, {"b" * 24: ["A storm"]})
    return out


def in_a_terminal(*arguments: str, columns: int = 80) -> tuple[int, str]:
    """The exit code of a command in a terminal so wide, and what that shows."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [sys.executable, "-m", "beam_jobs", *arguments]
    unset = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=unset) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                read = os.read(master, 1 << 16)
            except OSError:  # its end is an error of the terminal's
                break
            if not read:
                break
            shown += read
    os.close(master)
    return process.returncode, shown.decode().replace("\r\n", "\n")


def printed(capsys: pytest.CaptureFixture[str], out: Path, sql: str, *options: str) -> str:
    assert main(["query", "--out", str(out), sql, *options]) == 0
    return capsys.readouterr().out


def test_a_terminal_shows_values_as_text_and_a_table_that_fits(out: Path) -> None:
    sql = "SELECT text, NULL AS none, 1.50::DECIMAL(4, 2) AS n FROM transcripts ORDER BY text DESC"
    code, shown = in_a_terminal("query", "--out", str(out), sql, columns=120)
    assert code == 0
    assert f"│ {SHOWN} │ NULL │ 1.50 │\n" in shown
    assert not set(shown) & {"\x1b", "\x9b", "\x07", "\u202e"}
    assert max(map(len, shown.splitlines())) <= 120


def test_a_terminal_shows_many_columns_one_below_the_other(out: Path) -> None:
    code, shown = in_a_terminal("query", "--out", str(out), "FROM transcripts ORDER BY start_ms")
    assert code == 0
    assert shown.startswith("── row 1 ─")
    assert "\nfinish_reason" in shown
    assert "a" * 24 + "-clip\n" in shown
    refused = in_a_terminal("query", "--out", str(out), "SELECT 1", "--format", "parquet")
    said = "af3: --format parquet: no terminal shows it; add --output FILE, or > FILE\n"
    assert refused == (2, said)


def test_a_pipe_has_whole_values_as_csv(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql = f"SELECT '{LONG}' AS object_uri, text, NULL AS a, '' AS b FROM transcripts ORDER BY text"
    shown = printed(capsys, out, sql)
    assert shown.splitlines()[0] == "object_uri,text,a,b"
    assert f'{LONG},A storm,,""\n' in shown
    read = list(csv.reader(io.StringIO(shown, newline="")))
    assert [row[1] for row in read[1:]] == ["A storm", 'Calm, "quoted"\nnext', HOSTILE]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("csv", "a,t\n1,2026-11-21T01:02:03\n"),
        ("json", '[\n{"a": 1, "t": "2026-11-21T01:02:03"}\n]\n'),
        ("jsonl", '{"a": 1, "t": "2026-11-21T01:02:03"}\n'),
        ("markdown", "| a | t |\n| --- | --- |\n| 1 | 2026-11-21T01:02:03 |\n"),
        ("table", "╭───┬─────────────────────╮\n│ a │ t                   │\n"),
    ],
)
def test_each_form(out: Path, capsys: pytest.CaptureFixture[str], form: str, expected: str) -> None:
    sql = "SELECT 1 AS a, TIMESTAMP '2026-11-21 01:02:03' AS t"
    assert printed(capsys, out, sql, "--format", form).startswith(expected)


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "md", "parquet"])
def test_a_file_has_all_rows_in_the_form_of_its_suffix(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    path = tmp_path / f"rows.{suffix}"
    assert printed(capsys, out, "SELECT range AS n FROM range(5000)", "--output", str(path)) == ""
    if suffix == "parquet":
        assert pq.read_table(path).column("n").to_pylist() == list(range(5000))
    elif suffix == "json":
        assert json.loads(path.read_text())[-1] == {"n": 4999}
    else:
        last = {"csv": "4999", "jsonl": '{"n": 4999}', "md": "| 4999 |"}[suffix]
        assert path.read_text().splitlines()[-1] == last
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '{out}/tables/captions/x.parquet'",
        "COPY transcripts TO 'x.csv'",
        "INSTALL httpfs",
        "ATTACH '{out}/x.db'",
        "PRAGMA database_list",
        "SET memory_limit = '1GB'",
        "CREATE TABLE t AS SELECT 1",
        "EXPORT DATABASE '{out}/x'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{out}/x.csv'",
        "SELECT 1; DROP VIEW transcripts",
        "SELECT * FROM read_parquet('{out}/tables/*/*/*/*.parquet')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT getenv('HOME')",
    ],
)
def test_nothing_but_reading_the_tables_runs(
    out: Path, capsys: pytest.CaptureFixture[str], sql: str
) -> None:
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert main(["query", "--out", str(out), sql.format(out=out)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("af3: query: ")
    assert said.err.count("\n") == 1
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_a_refused_statement_says_what_else_there_is(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["query", "--out", str(out), "COPY transcripts TO 'x.csv'"]) == 1
    assert capsys.readouterr().err == (
        "af3: query: only one SELECT, EXPLAIN, DESCRIBE, SHOW or SUMMARIZE runs here; --output FILE"
        " keeps rows, and DuckDB itself does more, with the views that python -m schemas.sql duckdb"
        f" --location {out} prints\n"
    )


def test_a_reader_that_has_enough_ends_it_quietly(out: Path) -> None:
    command = f"{sys.executable} -m beam_jobs query --out {out} 'SELECT range FROM range(10000000)'"
    script = f"{command} | head -2; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("range\n0\n141\n", "")


def test_a_result_is_written_whole_or_not_at_all(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sql = "SELECT CASE WHEN range < 5000 THEN 1 ELSE error('no') END FROM range(9000)"
    assert main(["query", "--out", str(out), sql, "--output", str(tmp_path / "r.csv")]) == 1
    assert main(["query", "--out", str(out), sql]) == 1
    assert capsys.readouterr().out == ""
    assert list(tmp_path.iterdir()) == []
    assert main(["query", "--out", str(out), "SELECT 1", "--output", f"{tmp_path}/no/r.csv"]) == 2
    assert main(["query", "--out", str(out), "SELECT 1", "--output", "result.txt"]) == 2
    assert capsys.readouterr().err == (
        f"af3: --output {tmp_path}/no/r.csv: its folder does not exist; make it\n"
        "af3: --output result.txt: end its name with .csv, .json, .jsonl, .ndjson, .md, .parquet,"
        " or name a --format\n"
    )


def test_all_tables_and_columns_are_listed(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "--out", str(out), "--format", "table"]) == 0
    text = capsys.readouterr().out
    for table in ("failures", "embeddings", "dialogues", "chats"):
        assert f"{table} (version 1)" in text
    for table in ("captions", "transcripts", "answers"):
        assert f"{table} (version 4)" in text
    assert main(["query", "--out", str(out)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows[0]["table_name"] == "recordings"
    assert {"transcripts", "answers"} < {row["table_name"] for row in rows}


def test_a_table_says_that_there_are_more_rows(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sql = "SELECT range FROM range(201)"
    assert main(["query", "--out", str(out), sql, "--format", "table"]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 204
    assert said.err == "af3: the first 200 rows; --output FILE, or another --format, gives all\n"
    assert main(["query", "--out", str(out), sql, "--format", "table", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
