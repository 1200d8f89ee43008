"""SQL over the tables of a folder and of a bucket (a storage emulator over HTTP)."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from af3core.errors import ConfigurationError, StorageError
from beam_jobs.framework.table_snapshot import UnreadableTables
from beam_jobs.framework.views import ask_published
from beam_jobs.output.row_output import Target
from beam_jobs.query.query_command import QueryError, run_query
from tests.beam_jobs.database import connected
from tests.beam_jobs.small_night import DAY, make_archive, night
from tests.faulty_network import Fault, Network, between
from tests.pages import blocks
from tests.storage_server import BUCKET, bucket_with, found_at, server_address


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


CSV = Target("csv", None, is_terminal=False)


def asked(out: str, sql: str, *tables: str) -> list[tuple[Any, ...]]:
    return ask_published(out, lambda database: database.sql(sql).fetchall(), tables)


@pytest.mark.storage_server
def test_a_bucket_gives_the_same_rows_as_the_folder(out: Path, bucket: str) -> None:
    sql = "SELECT recording_id, start_ms, text FROM transcripts ORDER BY ALL"
    local = connected(out).sql(sql).fetchall()
    assert len(local) >= 4
    assert asked(bucket, sql) == local
    assert asked(str(out), sql) == local


QUESTIONS = blocks("docs/analyst.md", "sql")


def test_the_analysts_page_asks_five_questions() -> None:
    assert len(QUESTIONS) == 5


@pytest.mark.parametrize("sql", QUESTIONS, ids=range(len(QUESTIONS)))
def test_the_pages_questions_run(out: Path, sql: str) -> None:
    assert len(connected(out).sql(sql).columns) >= 3


def test_hours_per_night_add_up(out: Path) -> None:
    (row,) = connected(out).sql(QUESTIONS[1]).fetchall()
    assert (row[0], str(row[1]), row[2]) == ("default", DAY, 2)
    assert row[3] == row[4] == 0.01


def test_wrong_sql_and_wrong_places_are_one_line(out: Path, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"^query: Catalog Error: .*nowhere") as caught:
        run_query(str(out), "SELECT 1 FROM nowhere", CSV)
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="no tables there; name the folder"):
        asked(str(tmp_path), "SELECT 1")


@pytest.fixture
def network(out: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """The tables in a bucket behind a network of the test's; waits between tries are short."""
    monkeypatch.setattr("af3core.storage.bucket_client.RETRY_FIRST_S", 0.05)
    monkeypatch.setattr("af3core.storage.bucket_client.RETRY_FOR_S", 2.0)
    with (
        bucket_with(out, (out / "tables").rglob("*.parquet"), "nights"),
        between(server_address()) as network,
        found_at(network.address),
    ):
        yield network


TEXTS = "SELECT recording_id, start_ms, text FROM transcripts ORDER BY ALL"
FAULTS: list[Fault] = ["cut answer", "changed byte", "503"]


@pytest.mark.storage_server
@pytest.mark.parametrize("kind", FAULTS)
def test_every_second_download_is_broken_and_the_rows_are_right(
    network: Network, out: Path, kind: Fault
) -> None:
    faults = itertools.cycle([True, False])
    network.faults = lambda r: kind if r.is_download and next(faults) else None
    local = connected(out).sql(TEXTS).fetchall()
    assert asked(f"gs://{BUCKET}/nights", TEXTS, "transcripts") == local
    assert network.made[kind] == 1


@pytest.mark.storage_server
def test_a_query_fetches_each_object_of_its_tables_once(network: Network) -> None:
    run_query(f"gs://{BUCKET}/nights", TEXTS, CSV)
    assert network.downloads("nights/tables/") == network.downloads("nights/tables/transcripts/")
    assert network.downloads("nights/tables/") == 1


@pytest.mark.storage_server
@pytest.mark.parametrize("kind", FAULTS)
def test_downloads_that_are_never_right_are_one_line(network: Network, kind: Fault) -> None:
    network.faults = lambda request: kind if request.is_download else None
    said = r"gs://archive-tables/nights/tables/transcripts/.*: the storage gave no good answer"
    with pytest.raises(StorageError, match=said) as caught:
        run_query(f"gs://{BUCKET}/nights", TEXTS, CSV)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["cut", "empty", "no Parquet"])
def test_a_damaged_table_is_one_line(out: Path, tmp_path: Path, damage: str) -> None:
    copied = shutil.copytree(out / "tables", tmp_path / "out" / "tables").parent
    [path] = (copied / "tables" / "transcripts").rglob("*.parquet")
    data = path.read_bytes()
    path.write_bytes(
        {"cut": data[: len(data) // 2], "empty": b"", "no Parquet": b"x" * 999}[damage]
    )
    with pytest.raises(UnreadableTables, match=r"tables cannot be read .*transcripts") as caught:
        run_query(str(copied), TEXTS, CSV)
    assert "\n" not in str(caught.value)
    assert len(asked(str(copied), "FROM recordings", "recordings")) == 2
