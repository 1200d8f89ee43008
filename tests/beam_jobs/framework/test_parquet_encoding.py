"""Objects of tables that an earlier or a later release wrote."""

from __future__ import annotations

import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.storage.folder import FolderStore
from beam_jobs.framework.parquet_encoding import (
    TableError,
    decode_columns,
    decode_rows,
    encode_columns,
    encode_table,
    shard_columns,
    unknown_columns,
)
from beam_jobs.framework.table_snapshot import partition_rows
from schemas import layout
from schemas.tables.columns import Table
from schemas.tables.derived_tables import ALL_TABLES, EVENTS
from schemas.tables.night_tables import CAPTIONS, FAILURES, RUNS

DAY = "2026-11-21"
KEY = layout.shard_key("captions", "radio", DAY, 0, 1)
CAPTION = CAPTIONS.empty_row() | {
    "recording_id": "r1",
    "text": "A bell.",
    "examples": [{"recording_id": "r2", "segment_id": "s", "distance": 0.5}],
}


def as_written(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    return decode_columns(BytesIO(encode_table(table, rows)))


@pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.name)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_columns_may_be_missing_and_unknown(table: Table, data: st.DataObject) -> None:
    names = [column.name for column in table.columns]
    dropped = data.draw(st.lists(st.sampled_from(names), unique=True, max_size=len(names) - 1))
    written = as_written(table, [table.empty_row()] * 2).drop_columns(dropped)
    written = written.append_column("zz_new", pa.array([1, 2]))
    read = decode_columns(BytesIO(encode_columns(written)), table)
    assert read.schema.names == [*names, "zz_new"]
    assert read.to_pylist() == [table.empty_row() | {"zz_new": n} for n in (1, 2)]
    # and can be written back
    again = encode_table(table, read.to_pylist(), unknown_columns(table, read))
    assert decode_rows(BytesIO(again)) == read.to_pylist()


def test_a_missing_column_that_is_asked_for_is_empty(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    written = as_written(CAPTIONS, [CAPTION]).drop_columns(["examples", "thinking"])
    store.write(KEY, encode_columns(written))
    store.write(KEY.replace("part-00000-of-00001", "notes"), b"of somebody")
    asked = shard_columns(store, KEY, ["text", "examples", "mean_logprob"])
    assert asked.to_pylist() == [{"text": "A bell.", "examples": [], "mean_logprob": None}]
    [row] = partition_rows(store, "captions", "radio", DAY)
    assert row == CAPTION | {"examples": []}
    assert list(partition_rows(store, "answers", "radio", DAY)) == []


def test_fields_within_a_column_may_be_missing_and_unknown() -> None:
    rows = [{"name": "examples", "of": [{"segment_id": "s", "colour": "red"}]}]
    written = as_written(CAPTIONS, [CAPTION]).drop_columns(["examples"])
    written = written.append_column("examples", pa.array([row["of"] for row in rows]))
    [row] = decode_rows(BytesIO(encode_columns(written)), CAPTIONS)
    (found,) = row["examples"]
    assert found == {"recording_id": None, "segment_id": "s", "distance": None, "form": None}


def test_rows_of_an_earlier_release_can_be_written_again() -> None:
    """Whose examples had no form."""
    (read,) = decode_rows(BytesIO(encode_table(CAPTIONS, [CAPTION])), CAPTIONS)
    (again,) = decode_rows(BytesIO(encode_table(CAPTIONS, [read])), CAPTIONS)
    form = {"form": None}
    assert again["examples"] == [example | form for example in CAPTION["examples"]]


def test_a_type_that_does_not_fit_is_one_line() -> None:
    written = as_written(FAILURES, [FAILURES.empty_row()])
    place = written.schema.get_field_index("attempts")
    newer = written.set_column(place, "attempts", pa.array([["twice"]]))
    newer = newer.replace_schema_metadata({"af3.schema_version": "7"})
    with pytest.raises(TableError) as caught:
        decode_rows(BytesIO(encode_columns(newer)), FAILURES)
    assert str(caught.value) == (
        "failures.attempts: list<element: string> of version 7 of the table, where this release"
        " reads int64 of version 1; use the release that wrote it (software_version in the table"
        " runs)"
    )


def test_each_object_names_its_table_and_version() -> None:
    for table in ALL_TABLES:
        metadata = as_written(table, []).schema.metadata
        assert metadata[b"af3.schema"].decode() == table.name
        assert metadata[b"af3.schema_version"].decode() == str(table.version)


def test_what_stands_for_a_missing_column() -> None:
    empty = RUNS.empty_row() | EVENTS.empty_row()
    assert (empty["source"], empty["objects"], empty["recordings"]) == ("", [], 0)
    assert empty["tempo_bpm"] is None
    assert empty["published_at"] == datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
