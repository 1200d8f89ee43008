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
        for table in ("captions", "recordings")
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
