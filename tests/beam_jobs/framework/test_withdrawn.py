"""What is withdrawn from a store: read in one listing, and never taken for nothing."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.errors import StorageError
from af3core.storage.folder import FolderStore
from beam_jobs.framework import withdrawn
from beam_jobs.framework.withdrawn import NOTHING, in_force, withdrawals
from beam_jobs.framework.withdrawn_rows import (
    hiding_condition,
    recordings_condition,
    shown_columns,
    shown_rows,
)
from schemas import layout
from schemas.record_format import stored_bytes
from schemas.tables.derived_tables import DIALOGUES, EVENTS
from schemas.tables.night_tables import FAILURES
from tests.beam_jobs.tombstones import bury, restore, tombstone

NEWS = tombstone("radio", "a" * 16, "a" * 64, "5" * 64, ["/media/news.mp3"])
TALK = tombstone("radio", "b" * 16, "b" * 64)
TODAY = datetime.date(2026, 12, 1)


def test_nothing_is_withdrawn_from_an_output_without_tombstones(tmp_path: Path) -> None:
    assert withdrawals(FolderStore(tmp_path)) == NOTHING
    assert not NOTHING


def test_a_tombstone_covers_name_content_sound_and_address_in_its_corpus(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    bury(store, NEWS)
    hidden = withdrawals(store)
    assert hidden.covers("radio", "a" * 16)
    assert hidden.covers_content("radio", "a" * 64)
    assert hidden.covers_content("radio", "c" * 64, "5" * 64)
    assert hidden.covers_object("radio", "/media/news.mp3")
    assert not hidden.covers("films", "a" * 16)
    assert not hidden.covers_content("films", "a" * 64, "5" * 64)
    assert not hidden.covers_object("films", "/media/news.mp3")
    assert not hidden.covers("radio", "b" * 16)


def test_a_sound_that_nobody_read_covers_no_other(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    bury(store, TALK)
    assert not withdrawals(store).covers_content("radio", "c" * 64, "")


def test_what_is_restored_counts_no_longer_and_a_second_tombstone_does(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    bury(store, NEWS)
    before = withdrawals(store).identity
    restore(store, NEWS)
    assert withdrawals(store) == NOTHING
    bury(store, replace(NEWS, tombstone_id="again"))
    assert withdrawals(store).covers("radio", "a" * 16)
    assert withdrawals(store).identity not in ("", before)


def test_a_tombstone_ends_with_the_day_that_it_names() -> None:
    stone = replace(NEWS, until="2026-12-02")
    assert in_force([stone], TODAY).covers("radio", "a" * 16)
    assert in_force([stone], datetime.date(2026, 12, 2)) == NOTHING


@pytest.mark.parametrize(
    ("key", "data", "said"),
    [
        (layout.tombstone_key("radio", "x"), b"", r"corpus=radio/x\.json: damaged \(no bytes\)"),
        (layout.tombstone_key("radio", "x"), b"{}", "damaged .*backup"),
        (layout.restoration_key("radio", "x"), b"{", "restored/x.json: damaged"),
    ],
)
def test_what_cannot_be_read_is_an_error(tmp_path: Path, key: str, data: bytes, said: str) -> None:
    store = FolderStore(tmp_path)
    store.write(key, data)
    with pytest.raises(StorageError, match=said):
        withdrawals(store)


def test_a_tombstone_in_the_place_of_another_is_an_error(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    bury(store, NEWS)
    data = store.read(layout.tombstone_key("radio", NEWS.tombstone_id))
    assert data is not None
    store.write(layout.tombstone_key("films", NEWS.tombstone_id), data)
    with pytest.raises(StorageError, match="is the tombstone of another name"):
        withdrawals(store)


def test_what_else_lies_below_the_prefix_is_no_tombstone(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write("withdrawn/corpus=radio/certificates/x.json", b"{}")
    assert withdrawals(store) == NOTHING


def test_a_bucket_is_listed_once_in_five_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path)
    monkeypatch.setattr(withdrawn, "is_bucket", lambda address: True)
    assert withdrawals(store) == NOTHING
    elsewhere = layout.tombstone_key("radio", NEWS.tombstone_id)
    store.write(elsewhere, stored_bytes(NEWS))  # by another process
    assert withdrawals(store) == NOTHING
    monkeypatch.setattr(withdrawn, "HELD_S", -1.0)  # five seconds later
    assert withdrawals(store).covers("radio", "a" * 16)


NAMES = st.sampled_from(["a" * 16, "b" * 16, "c" * 16])
SOUND = st.builds(lambda name: {"recording_id": name}, NAMES)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(NAMES, st.lists(SOUND, max_size=2)), max_size=4))
def test_sql_arrow_and_rows_hide_the_same(
    drawn: Sequence[tuple[str, list[dict[str, str]]]],
) -> None:
    hidden = in_force([NEWS, TALK], TODAY)
    rows = [{"recording_id": name, "sounds": sounds} for name, sounds in drawn]
    kind = pa.list_(pa.struct([("recording_id", pa.string())]))
    table = pa.table(
        {
            "recording_id": pa.array([r["recording_id"] for r in rows], pa.string()),
            "sounds": pa.array([r["sounds"] for r in rows], kind),
            "corpus": pa.array(["radio"] * len(rows), pa.string()),
        }
    )
    shown = shown_columns(table, DIALOGUES, "radio", hidden).drop_columns(["corpus"]).to_pylist()
    assert shown == shown_rows(rows, "radio", hidden)
    with duckdb.connect() as database:
        database.register("t", table)
        sql = f"SELECT recording_id, sounds FROM t WHERE {hiding_condition(DIALOGUES, hidden)}"
        assert database.sql(sql).to_arrow_table().to_pylist() == shown
        plain = database.sql(f"SELECT count(*) FROM t WHERE {recordings_condition(hidden)}")
        assert plain.fetchall() == [(sum(r["recording_id"] == "c" * 16 for r in rows),)]
    assert all(row["recording_id"] == "c" * 16 for row in shown)


def test_a_failure_without_a_recording_is_known_by_its_address() -> None:
    hidden = in_force([NEWS], TODAY)
    rows = [
        {"recording_id": "", "object_uri": "/media/news.mp3"},
        {"recording_id": "", "object_uri": "/media/other.mp3"},
    ]
    assert shown_rows(rows, "radio", hidden) == rows[1:]
    table = pa.table({"corpus": ["radio"] * 2, **pa.Table.from_pylist(rows).to_pydict()})
    assert shown_columns(table, FAILURES, "radio", hidden)["object_uri"].to_pylist() == [
        "/media/other.mp3"
    ]
    with duckdb.connect() as database:
        database.register("t", table)
        sql = f"SELECT object_uri FROM t WHERE {hiding_condition(FAILURES, hidden)}"
        assert database.sql(sql).fetchall() == [("/media/other.mp3",)]


def test_where_nothing_is_withdrawn_the_views_are_as_before() -> None:
    assert hiding_condition(EVENTS, NOTHING) == ""
    assert recordings_condition(NOTHING) == ""
