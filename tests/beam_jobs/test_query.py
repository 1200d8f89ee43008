"""SQL over the tables of a folder and of a bucket (a storage emulator over HTTP)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from af3core.errors import ConfigurationError
from beam_jobs.query import QueryError, connect, print_tables, run_query
from tests.beam_jobs.night import DAY, make_archive, night
from tests.storage_server import bucket_with


@pytest.fixture(scope="module")
def out(untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("query")
    night(make_archive(folder / "arc"), folder / "out", untrained)
    return folder / "out"


@pytest.fixture(scope="module")
def bucket(out: Path) -> Iterator[str]:
    """The same tables below a prefix of a bucket."""
    with bucket_with(out, (out / "tables").rglob("*.parquet"), "nights") as address:
        yield address


def printed(out: str, sql: str, width: int = 200) -> str:
    console = Console(width=width, record=True)
    run_query(out, sql, None, console)
    return console.export_text()


def test_tables_are_views_with_corpus_and_date(out: Path) -> None:
    text = printed(str(out), "SELECT DISTINCT corpus, date FROM captions")
    assert "default" in text
    assert DAY in text


def test_a_bucket_gives_the_same_rows_as_the_folder(out: Path, bucket: str) -> None:
    sql = "SELECT recording_id, start_ms, text FROM transcripts ORDER BY ALL"
    local = connect(str(out)).sql(sql).fetchall()
    assert len(local) >= 4
    assert connect(bucket).sql(sql).fetchall() == local


README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
QUESTIONS = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)


def test_the_readme_asks_five_questions() -> None:
    assert len(QUESTIONS) == 5


@pytest.mark.parametrize("sql", QUESTIONS, ids=range(len(QUESTIONS)))
def test_the_readmes_questions_run(out: Path, sql: str) -> None:
    assert len(connect(str(out)).sql(sql).columns) >= 3


def test_hours_per_night_add_up(out: Path) -> None:
    (row,) = connect(str(out)).sql(QUESTIONS[1]).fetchall()
    assert (row[0], str(row[1]), row[2]) == ("default", DAY, 2)
    assert row[3] == row[4] == 0.01


def test_results_go_to_csv_and_parquet(out: Path, tmp_path: Path) -> None:
    sql = "SELECT container, sample_rate_hz FROM recordings ORDER BY container"
    run_query(str(out), sql, str(tmp_path / "r.csv"), Console())
    run_query(str(out), sql, str(tmp_path / "r.parquet"), Console())
    with (tmp_path / "r.csv").open() as file:
        assert list(csv.reader(file)) == [
            ["container", "sample_rate_hz"],
            ["mp3", "16000"],
            ["wav", "16000"],
        ]
    assert pq.read_table(tmp_path / "r.parquet").column("container").to_pylist() == ["mp3", "wav"]


def test_all_tables_and_columns_are_listed_with_descriptions() -> None:
    console = Console(width=160, record=True)
    print_tables(console)
    text = console.export_text()
    for table in ("recordings", "segments", "failures", "embeddings", "dialogues", "chats"):
        assert f"{table} (version 1)" in text
    for table in ("captions", "transcripts", "answers"):
        assert f"{table} (version 2)" in text
    assert "mean_logprob" in text


def test_wrong_sql_and_wrong_places_are_one_line(out: Path, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"^query: Catalog Error: .*nowhere") as caught:
        run_query(str(out), "SELECT 1 FROM nowhere", None, Console())
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="no tables there; name the folder"):
        connect(str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"name a .csv or .parquet file"):
        run_query(str(out), "SELECT 1", "result.txt", Console())
