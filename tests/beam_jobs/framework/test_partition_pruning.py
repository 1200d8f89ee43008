"""Which days of the tables a statement can need."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.storage.address import store_at
from beam_jobs.framework.partition_pruning import needed_by
from beam_jobs.framework.table_snapshot import TableSnapshot
from schemas import layout

ALL = ["news 11-20", "news 11-21", "talk 11-20", "talk 11-21"]


def needed(tmp_path: Path, sql: str, table: str = "captions") -> list[str]:
    """Corpora and days whose objects of a table are opened."""
    stamps = {
        layout.shard_key(table, corpus, f"2026-{day}", 0, 1): "1"
        for table in ("captions", "recordings", "transcripts", "corrections")
        for corpus in ("news", "talk")
        for day in ("11-20", "11-21")
    }
    found = needed_by(sql, TableSnapshot(store_at(str(tmp_path)), stamps))
    days = [layout.day_of(key) for key in found.shards(table)]
    return sorted(f"{corpus} {date[5:]}" for corpus, date in days)


@pytest.mark.parametrize(
    ("where", "days"),
    [
        ("date = '2026-11-20'", ["news 11-20", "talk 11-20"]),
        ("date > DATE '2026-11-20' AND text LIKE '%bees%'", ["news 11-21", "talk 11-21"]),
        ("date BETWEEN '2026-11-21' AND '2026-12-01' AND corpus = 'news'", ["news 11-21"]),
        ("date IN ('2026-11-20', '2026-12-24')", ["news 11-20", "talk 11-20"]),
        ("corpus = 'talk'", ["talk 11-20", "talk 11-21"]),
        ("CAST(date AS VARCHAR) LIKE '%-21'", ["news 11-21", "talk 11-21"]),
        ("date = '2027-01-01'", []),
        ("date = '2026-11-20' OR text = ''", ALL),
        ("text = 'date = 2026-11-20'", ALL),
        ("true", ALL),
    ],
)
def test_a_condition_leaves_days_out(tmp_path: Path, where: str, days: list[str]) -> None:
    assert needed(tmp_path, f"SELECT text FROM captions WHERE {where}") == days


def test_a_join_passes_its_condition_on(tmp_path: Path) -> None:
    sql = (
        "SELECT c.text FROM captions c JOIN recordings r USING (corpus, date, recording_id)"
        " WHERE c.date = '2026-11-21' AND r.corpus = 'news'"
    )
    assert needed(tmp_path, sql) == ["news 11-21"]
    assert needed(tmp_path, sql, "recordings") == ["news 11-21"]


def test_a_table_that_is_scanned_twice_has_the_days_of_both(tmp_path: Path) -> None:
    sql = (
        "SELECT text FROM captions WHERE corpus = 'news' AND date = '2026-11-20'"
        " UNION ALL SELECT text FROM captions WHERE corpus = 'talk' AND date = '2026-11-21'"
    )
    assert needed(tmp_path, sql) == ["news 11-20", "talk 11-21"]


def test_a_view_of_corrections_needs_the_days_of_its_own_answers_alone(tmp_path: Path) -> None:
    sql = "SELECT text, flags FROM corrected_transcripts WHERE date = '2026-11-21'"
    assert needed(tmp_path, sql, "transcripts") == ["news 11-21", "talk 11-21"]
    assert needed(tmp_path, sql, "recordings") == ["news 11-21", "talk 11-21"]
    assert needed(tmp_path, sql) == []
    assert needed(tmp_path, sql, "corrections") == ALL  # a recording may have been of another day


@pytest.mark.parametrize("sql", ["DESCRIBE captions", "SUMMARIZE captions", "SHOW TABLES"])
def test_a_statement_about_a_table_opens_it(tmp_path: Path, sql: str) -> None:
    assert needed(tmp_path, sql) == ALL


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM captions",
        "SELECT (SELECT count(*) FROM captions) AS n FROM recordings",
        "WITH c AS MATERIALIZED (SELECT * FROM captions) SELECT * FROM c JOIN c AS d USING (text)",
        "SELECT * FROM recordings WHERE recording_id IN (SELECT recording_id FROM captions)",
        "SELECT * FROM recordings r, LATERAL (SELECT * FROM captions c WHERE c.date = r.date)",
        "SELECT min(text) FROM captions WHERE recording_id = (SELECT max(text) FROM transcripts)",
        "FROM query_table('captions')",
    ],
)
def test_wherever_a_statement_names_a_table_it_is_opened(tmp_path: Path, sql: str) -> None:
    assert needed(tmp_path, sql) == ALL


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT text FROM captions WHERE date = '2026-11-20'",
        "SELECT text FROM captions, read_csv('x.csv') WHERE date = '2026-11-20'",
        "SELECT text FROM captions WHERE nothing = date",
        "FROM captions WHERE date = '2026-11-20' AND",
        "",
    ],
    ids=["two statements", "another file", "no such column", "no SQL", "nothing"],
)
def test_where_it_cannot_be_told_all_is_opened(tmp_path: Path, sql: str) -> None:
    assert needed(tmp_path, sql) == ALL
