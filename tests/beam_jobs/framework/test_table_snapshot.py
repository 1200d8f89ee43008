"""What readers see of days that are being replaced, in a folder and in a bucket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import duckdb
import pytest

from af3core.errors import StorageError
from af3core.storage.address import open_store
from af3core.storage.store import Store
from beam_jobs.framework.parquet_encoding import decode_rows, encode_table
from beam_jobs.framework.publishing import Assembled, Publisher, publish_objects
from beam_jobs.framework.superseded import remove_superseded
from beam_jobs.framework.table_snapshot import UnreadableTables, list_shards, take_snapshot
from beam_jobs.framework.views import ask_snapshot
from schemas import layout
from schemas.tables.night_tables import BY_NAME
from tests.beam_jobs.rivals import STORES, out_in

DAY = "2026-11-21"
OTHER_DAY = "2026-11-22"
TABLES = ("recordings", "segments")
CLAIM = "claims/publish/night"


@pytest.fixture(params=STORES)
def out(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with out_in(request.param, tmp_path) as address:
        yield address


@pytest.fixture
def store(out: str) -> Store:
    return open_store(out)


def shard(table: str, date: str = DAY, number: int = 0, count: int = 1) -> str:
    return layout.shard_key(table, "radio", date, number, count)


def encoded(table: str, run: str) -> bytes:
    row = BY_NAME[table].empty_row() | {"recording_id": "r", "run_id": run}
    row |= {c.name: 0 for c in BY_NAME[table].columns if row[c.name] is None and not c.nullable}
    return encode_table(BY_NAME[table], [row])


def publish(store: Store, run: str, *dates: str, shards: int = 1) -> None:
    """Publish days in so many shards, in the place of those that are there."""
    tables = {
        shard(table, date, number, shards): encoded(table, run)
        for date in dates or (DAY,)
        for table in TABLES
        for number in range(shards)
    }

    def keys() -> list[str]:
        found = store.walk([layout.partition_prefix(t, "radio", DAY) for t in TABLES])
        return sorted({key for listed in found for key in listed} | set(tables))

    publish_objects(
        store,
        CLAIM,
        Publisher("night", run),
        keys,
        lambda stamps: Assembled(dict.fromkeys(stamps.keys() - tables.keys()) | tables, None),
    )


def runs(store: Store) -> dict[str, list[str]]:
    """The run that each table is of, for readers."""
    snapshot = take_snapshot(store, TABLES, "radio")
    return {
        table: [row["run_id"] for row in snapshot.rows(table, "radio", DAY)] for table in TABLES
    }


class Died(Exception):
    """The writer is gone in the middle."""


def publish_half(
    store: Store, monkeypatch: pytest.MonkeyPatch, run: str, *dates: str, shards: int = 1
) -> None:
    """Publish, but for a writer that dies when it has replaced one object."""
    real, replaced = type(store).replace, list[str]()

    def replace(self: Store, key: str, data: bytes, expected: str | None) -> str | None:
        if key.startswith("tables/"):
            if replaced:
                raise Died
            replaced.append(key)
        return real(self, key, data, expected)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(type(store), "replace", replace)
        with pytest.raises(Died):
            publish(store, run, *dates, shards=shards)


def take_plain(store: Store) -> dict[str, str]:
    """What who reads the objects in place finds."""
    return {t: decode_rows(BytesIO(store.read(shard(t)) or b""))[0]["run_id"] for t in TABLES}


def test_a_day_that_is_half_replaced_is_read_as_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, "old")
    publish_half(store, monkeypatch, "new")
    plain = take_plain(store)
    assert plain == {"recordings": "new", "segments": "old"}
    assert runs(store) == {"recordings": ["old"], "segments": ["old"]}
    publish(store, "newer")
    assert runs(store) == {"recordings": ["newer"], "segments": ["newer"]}
    assert next(store.walk(["published/"])) == ["published/corpus=radio/date=2026-11-21/day.json"]


def test_a_first_publish_is_not_read_before_its_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_half(store, monkeypatch, "new")
    assert runs(store) == {"recordings": [], "segments": []}
    assert list_shards(store, ["tables/recordings/"]).stamps == {}
    publish(store, "newer")
    assert runs(store) == {"recordings": ["newer"], "segments": ["newer"]}


def test_other_days_are_read_as_they_are_while_one_is_replaced(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, "old", DAY)
    publish_half(store, monkeypatch, "new", DAY)
    publish(store, "newer", OTHER_DAY)
    found = take_snapshot(store, TABLES, "radio").rows("recordings", "radio", OTHER_DAY)
    assert [row["run_id"] for row in found] == ["newer"]


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1)])
def test_shards_of_another_count_change_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, before: int, after: int
) -> None:
    publish(store, "old", shards=before)
    publish_half(store, monkeypatch, "new", shards=after)
    # who reads in place finds no row twice: the others go first
    there = [k for keys in store.walk([f"tables/{t}/" for t in TABLES]) for k in keys]
    assert [layout.shard_count_of(key) for key in there] == [after]
    assert runs(store) == {table: ["old"] * before for table in TABLES}
    publish(store, "new", shards=after)
    assert runs(store) == {table: ["new"] * after for table in TABLES}


def test_what_was_listed_is_read_after_it_was_replaced(out: str, store: Store) -> None:
    publish(store, "old")
    listed = take_snapshot(store, TABLES, "radio")
    publish(store, "new")
    publish(store, "newer")
    assert [row["run_id"] for row in listed.rows("recordings", "radio", DAY)] == ["old"]
    sql = "SELECT r.run_id, s.run_id FROM recordings r, segments s"
    found = ask_snapshot(out, listed, TABLES, lambda database: database.sql(sql).fetchall())
    assert found == [("old", "old")]


def test_a_query_during_which_the_day_is_replaced_is_of_one_night(out: str, store: Store) -> None:
    publish(store, "old")
    listed = take_snapshot(store, TABLES, "radio")
    asked = []

    def ask(database: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
        [first] = database.sql("SELECT run_id FROM recordings").fetchall()
        if not asked:
            publish(store, "new")
        asked.append(first)
        return [first, *database.sql("SELECT run_id FROM segments").fetchall()]

    assert ask_snapshot(out, listed, TABLES, ask) == [("old",), ("old",)]


def test_a_state_that_is_kept_no_longer_is_said(out: str, store: Store) -> None:
    publish(store, "old")
    listed = take_snapshot(store, TABLES, "radio")
    publish(store, "new")
    assert remove_superseded(store) == 0
    assert remove_superseded(store, keep_s=-1) == 2
    assert list(store.walk(["superseded/"])) == [[]]
    said = r"part-00000-of-00001.parquet: replaced since it was listed; run it again$"
    with pytest.raises(UnreadableTables, match=said):
        list(listed.rows("recordings", "radio", DAY))
    with pytest.raises(StorageError):
        ask_snapshot(out, listed, TABLES, lambda database: database.sql("FROM segments").fetchall())


def test_what_is_read_in_the_place_of_a_half_replaced_day_is_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, "old")
    publish_half(store, monkeypatch, "new")
    assert remove_superseded(store, keep_s=-1) == 0
    assert runs(store) == {"recordings": ["old"], "segments": ["old"]}


def test_readers_beside_publishers_see_one_run(store: Store) -> None:
    publish(store, "run-0")
    done = threading.Event()

    def publish_often() -> None:
        for number in range(1, 20):
            publish(store, f"run-{number}", shards=1 + number % 2)
        done.set()

    writer = threading.Thread(target=publish_often)
    writer.start()
    seen = []
    while not done.is_set():
        found = runs(store)
        seen.append({run for of_table in found.values() for run in of_table})
    writer.join()
    assert [each for each in seen if len(each) != 1] == []
    assert len(seen) > 5
