"""The views of corrected answers, and those that read them: the same rows in each dialect."""

from __future__ import annotations

import re

import duckdb
import pytest
from sqlglot import exp

from beam_jobs.corrections.adding import add_corrections
from schemas.sql.column_types import Dialect
from schemas.sql.corrected_views import CORRECTED_VIEWS
from schemas.sql.duckdb_views import create_empty_table
from schemas.sql.joined_views import (
    ANNOTATED_SEGMENTS,
    CHOICES_BY_NIGHT,
    DOUBTFUL_ROWS,
    HEARD_EVENTS,
    SPOKEN_TURNS,
    SPOKEN_WORDS,
    JoinedView,
    define_joined,
)
from schemas.tables.derived_tables import ALL_TABLES
from tests.beam_jobs.corrections.derived_rows import CHAPTER, DOG, STORM, TURN, put_derived
from tests.beam_jobs.search.said import FIRST, place, publish, put
from tests.schemas.sql.conftest import opened
from tests.schemas.sql.parsed import parse

RECORDING = "a" * 24
VIEWS = (
    *CORRECTED_VIEWS,
    ANNOTATED_SEGMENTS,
    DOUBTFUL_ROWS,
    CHOICES_BY_NIGHT,
    HEARD_EVENTS,
    SPOKEN_TURNS,
    SPOKEN_WORDS,
)


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Three transcripts, captions and an answer, and what was derived, most of it corrected."""
    out = tmp_path_factory.mktemp("corrected") / "out"
    said = {RECORDING: ["a strom", "calm seas", "and rain"]}
    publish(out, FIRST, said, seen="wind", flags=["low_confidence", "cut_off"])
    asked = place(RECORDING, 0) | {"task_id": "mood", "text": "(A) calm", "choice": "calm"}
    put(out, FIRST, "answers", [asked | {"options": ["calm", "wild"]}])
    first = {"recording": RECORDING, "start_ms": 0, "end_ms": 30_000}
    rows = [first | {"task_id": "mood", "kind": "choice", "new_value": "wild"}]
    second = first | {"start_ms": 30_000, "end_ms": 60_000}
    add_corrections(str(out), rows, by="Ada")
    put(out, FIRST, "captions", [])
    rows = [
        second | {"new_value": "calm sea"},
        second | {"kind": "flag_lifted", "new_value": "cut_off"},
        second | {"kind": "flag_set", "new_value": "gap"},
    ]
    add_corrections(str(out), rows, by="Bob")
    caption = place(RECORDING, 1) | {"task_id": "caption", "text": "wind"}
    put(out, FIRST, "captions", [caption])
    add_corrections(str(out), [second | {"task_id": "caption", "kind": "wrong"}], by="Bob")
    put_derived(out, RECORDING)
    of_event = {"recording": RECORDING, "source": "events", **DOG}
    rows = [
        of_event | {"kind": "name", "new_value": "a seal"},
        of_event | {"kind": "times", "new_value": "1200-2500"},
        of_event | {"kind": "flag_set", "new_value": "of_interest"},
        {"recording": RECORDING, **STORM, "kind": "times", "new_value": "450-800"},
        {"recording": RECORDING, **TURN, "kind": "name", "new_value": "Eve"},
        {"recording": RECORDING, **CHAPTER, "kind": "name", "new_value": "The harbour"},
        {"recording": RECORDING, **CHAPTER, "kind": "times", "new_value": "0-58000"},
    ]
    add_corrections(str(out), rows, by="Eve")
    return opened(out)


@pytest.mark.parametrize("dialect", ["bigquery", "trino", "athena"])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_dialect_gives_the_rows_of_duckdb(
    view: JoinedView, dialect: Dialect, corrected: duckdb.DuckDBPyConnection
) -> None:
    (sql,) = define_joined(view, dialect)
    select = parse(sql, dialect).expression
    for table in select.find_all(exp.Table):
        table.set("db", None)
        table.set("catalog", None)
    ours = corrected.sql(f"SELECT * FROM {view.name} ORDER BY ALL")
    theirs = corrected.sql(f"SELECT * FROM ({select.sql('duckdb')}) ORDER BY ALL")
    assert theirs.columns == ours.columns
    rows = ours.fetchall()
    assert len(rows) > 0
    assert theirs.fetchall() == rows


def test_joined_views_show_what_people_corrected(corrected: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT transcript, caption, answers FROM annotated_segments ORDER BY start_s"
    assert corrected.sql(sql).fetchall() == [
        ("a strom", None, "mood: wild"),
        ("calm sea", "wind", None),
        ("and rain", None, None),
    ]
    sql = "SELECT flag FROM doubtful_rows WHERE start_s = 30 ORDER BY flag"
    assert corrected.sql(sql).fetchall() == [("gap",), ("low_confidence",)]
    assert corrected.sql("SELECT choice FROM choices_by_night").fetchall() == [("wild",)]


def test_joined_views_show_corrected_events_words_and_turns(
    corrected: duckdb.DuckDBPyConnection,
) -> None:
    connection = corrected
    sql = "SELECT label, start_s, end_s FROM heard_events ORDER BY start_s, label"
    assert connection.sql(sql).fetchall() == [("rain", 1.0, 2.0), ("a seal", 1.2, 2.5)]
    sql = "SELECT word, start_s, end_s, name FROM spoken_words ORDER BY position"
    assert connection.sql(sql).fetchall() == [
        ("a", 0.0, 0.4, "Eve"),
        ("storm", 0.45, 0.8, "Eve"),
        ("is", 1.2, 1.4, None),
    ]
    sql = "SELECT voice, speaker, name FROM spoken_turns ORDER BY start_s"
    assert connection.sql(sql).fetchall() == [(1, "anna", "Eve"), (2, None, None)]


def test_a_view_of_corrections_scans_its_table_twice() -> None:
    """Once for its rows and once for those that are corrected: each costs as much as the table."""
    connection = duckdb.connect()
    connection.execute("SET disabled_optimizers = 'statistics_propagation'")  # or no scan is left
    for table in ALL_TABLES:
        connection.execute(create_empty_table(table))
    for view in CORRECTED_VIEWS:
        connection.execute(define_joined(view, "duckdb")[0])
    sql = "EXPLAIN (FORMAT json) SELECT text, flags, corrected_by FROM corrected_transcripts"
    [[_, plan]] = connection.execute(sql).fetchall()
    scans = re.findall(r'"Table": "(?:\w+\.)*(\w+)"', plan)
    assert sorted(scans) == ["corrections", "recordings", "transcripts", "transcripts"]
