"""DuckDB's script, run: over a finished night, over an empty folder, over a night that comes in."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from schemas.sql.duckdb_views import sql_type
from schemas.sql.joined_views import JOINED_VIEWS
from schemas.tables.columns import Table
from schemas.tables.derived_tables import ALL_TABLES
from tests.schemas.sql.conftest import opened

PHRASE = "the particle will be light because hugo believed it"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The tables and views of an empty folder."""
    return opened(tmp_path_factory.mktemp("empty"))


def test_rows_of_every_table_are_there(views: duckdb.DuckDBPyConnection) -> None:
    counted = {
        name: views.sql(f"SELECT count(*) FROM {name}").fetchall()[0][0]
        for name in ("recordings", "segments", "captions", "transcripts", "answers", "embeddings")
    }
    assert counted == {
        "recordings": 8,
        "segments": 75,
        "captions": 75,
        "transcripts": 75,
        "answers": 375,
        "embeddings": 75,
    }


@pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.name)
def test_an_empty_folder_gives_empty_tables_with_types_and_comments(
    empty: duckdb.DuckDBPyConnection, table: Table
) -> None:
    described = empty.execute(f"DESCRIBE {table.name}").fetchall()
    expected = [("corpus", "VARCHAR"), ("date", "DATE")]
    expected += [(column.name, sql_type(column.type)) for column in table.columns]
    assert [(row[0], row[1].replace('"', "")) for row in described] == expected
    assert empty.execute(f"SELECT count(*) FROM {table.name}").fetchall() == [(0,)]
    comments = empty.execute(
        "SELECT comment FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
        [table.name],
    ).fetchall()
    assert [text for (text,) in comments[2:]] == [column.description for column in table.columns]


def test_an_empty_folder_gives_empty_joined_views(empty: duckdb.DuckDBPyConnection) -> None:
    for view in JOINED_VIEWS:
        assert empty.sql(f"SELECT * FROM {view.name}").fetchall() == []


def test_a_night_that_is_published_later_is_seen(night: Path, tmp_path: Path) -> None:
    connection = opened(tmp_path)
    shutil.copytree(night / "tables", tmp_path / "tables")
    assert connection.sql("SELECT count(*) FROM segments").fetchall() == [(75,)]


def test_a_folder_with_a_quote_in_its_name(tmp_path: Path) -> None:
    assert opened(tmp_path / "o'clock").sql("FROM segments").fetchall() == []


def test_a_segment_has_its_texts_beside_it(views: duckdb.DuckDBPyConnection) -> None:
    (row,) = views.sql(
        "SELECT parse_filename(object_uri), start_s, end_s, caption, answers"
        f" FROM annotated_segments WHERE transcript LIKE '{PHRASE}%'"
    ).fetchall()
    assert row == (
        "science_hour.flac",
        0.0,
        12.064,
        "Slow organ music, then a woman speaking about science.",
        "music: Yes, slow organ music.\nsounds: No sounds.\nspeaker: (B) a woman\n"
        "speaker_count: One.\ntopic: Science.",
    )


def test_a_word_has_who_says_it_by_the_turns_of_now(views: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT word, voice, speaker, name FROM spoken_words ORDER BY position"
    assert views.sql(sql).fetchall() == [
        ("the", 1, "anna", "Anna Berg"),
        ("storm", 1, "anna", "Anna Berg"),
        ("is", 2, None, None),
        ("over", None, None, None),
    ]
    sql = "SELECT start_s, end_s, voice, name FROM spoken_turns ORDER BY start_s"
    assert views.sql(sql).fetchall() == [(0.0, 1.0, 1, "Anna Berg"), (1.0, 2.0, 2, None)]


def test_doubt_is_counted_by_flag(views: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT source, flag, count(*) FROM doubtful_rows GROUP BY ALL ORDER BY ALL"
    assert views.sql(sql).fetchall() == [("transcripts", "no_speech", 4)]


def test_hours_and_choices_of_the_night(views: duckdb.DuckDBPyConnection) -> None:
    (row,) = views.sql("SELECT * EXCLUDE date FROM hours_by_night").fetchall()
    assert row == ("demo", 8, 1_290_459 / 3.6e6, 1_290_459 / 3.6e6, 0)
    (total,) = views.sql("SELECT sum(answers), sum(share) FROM choices_by_night").fetchall()
    assert total == (75, 1.0)


def test_events_have_an_address(views: duckdb.DuckDBPyConnection) -> None:
    (row,) = views.sql(
        "SELECT count(*), count(object_uri), min(end_s - start_s) > 0 FROM heard_events"
    ).fetchall()
    assert row == (306, 306, True)
