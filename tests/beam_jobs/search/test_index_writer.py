"""The tables of the index: days replaced in one step, vectors in clusters once there are many."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from af3core.storage.folder import FolderStore
from beam_jobs.search.documents import DOCUMENTS, FIELDS, TEXT_TABLE, Partition, vectors_schema
from beam_jobs.search.index_files import open_database
from beam_jobs.search.index_reader import IndexReader
from beam_jobs.search.index_writer import IndexWriter

MONDAY, TUESDAY = Partition("radio", "2026-11-23"), Partition("radio", "2026-11-24")
DIMENSIONS = 8
Vectors = npt.NDArray[np.float32]


def documents(day: Partition, names: Sequence[str], text: str = "storm") -> pa.Table:
    rows = [
        dict.fromkeys(DOCUMENTS.names, "")
        | dict.fromkeys(FIELDS, "")
        | {"id": name, "corpus": day.corpus, "date": day.date, "kind": "segment"}
        | {"flags": [], "flagged": False, "spoken": True, "start_ms": 0, "end_ms": 1}
        | {"transcript": text}
        for name in names
    ]
    return pa.Table.from_pylist(rows, DOCUMENTS)


def vectors(day: Partition, first: int, values: Vectors) -> pa.Table:
    schema = vectors_schema(DIMENSIONS)
    rows = [
        dict.fromkeys(schema.names, "")
        | {"id": f"{first + n:05d}", "corpus": day.corpus, "date": day.date}
        | {"flags": [], "flagged": False, "spoken": True, "vector": row.astype(np.float16)}
        for n, row in enumerate(values)
    ]
    return pa.Table.from_pylist(rows, schema)


def unit_vectors(count: int, seed: int) -> Vectors:
    made = np.random.default_rng(seed).standard_normal((count, DIMENSIONS)).astype(np.float32)
    unit: Vectors = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


def names(writer: IndexWriter) -> dict[str, str]:
    table = open_database(writer.folder).open_table(TEXT_TABLE)
    rows = table.search().select(["id", "transcript"]).limit(99).to_list()
    return {row["id"]: row["transcript"] for row in sorted(rows, key=lambda row: row["id"])}


def test_a_day_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    writer = IndexWriter(tmp_path)
    writer.replace(TEXT_TABLE, [MONDAY], documents(MONDAY, ["a", "b"]))
    writer.replace(TEXT_TABLE, [TUESDAY], documents(TUESDAY, ["c"]))
    writer.replace(TEXT_TABLE, [MONDAY], documents(MONDAY, ["b", "d"], "fog"))
    assert names(writer) == {"b": "fog", "c": "storm", "d": "fog"}
    writer.replace(TEXT_TABLE, [MONDAY], documents(MONDAY, []))
    assert names(writer) == {"c": "storm"}
    writer.remove(TEXT_TABLE, [TUESDAY, MONDAY])
    assert names(writer) == {}


def test_no_rows_make_no_table(tmp_path: Path) -> None:
    writer = IndexWriter(tmp_path)
    writer.replace(TEXT_TABLE, [MONDAY], documents(MONDAY, []))
    assert writer.tables() == set()
    writer.finish_documents()


def test_rows_come_by_id_whatever_the_id_says(tmp_path: Path) -> None:
    writer = IndexWriter(tmp_path)
    writer.replace(TEXT_TABLE, [MONDAY], documents(MONDAY, ["it's", "b"]))
    reader = opened(tmp_path)
    found = reader.rows(["it's", "') OR ('1'='1"])
    assert found == {"it's": documents(MONDAY, ["it's"]).to_pylist()[0]}
    assert (found["it's"]["id"], found["it's"]["transcript"]) == ("it's", "storm")
    assert reader.rows([]) == {}


def test_many_vectors_are_found_by_clusters_which_follow_their_growth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beam_jobs.search.index_writer._TRAINED_ROWS", 1000)
    writer, given = IndexWriter(tmp_path), unit_vectors(2100, 1)
    writer.replace("text-m", [MONDAY], vectors(MONDAY, 0, given[:900]))
    assert writer.finish_vectors("text-m", 0) == 0
    assert indexed(writer) == {"id"}
    writer.replace("text-m", [TUESDAY], vectors(TUESDAY, 900, given[900:1500]))
    assert writer.finish_vectors("text-m", 0) == 1500
    assert indexed(writer) == {"id", "vector"}
    more = Partition("radio", "2026-11-25")
    writer.replace("text-m", [more], vectors(more, 1500, given[1500:]))
    assert writer.finish_vectors("text-m", 1500) == 1500
    assert writer.finish_vectors("text-m", 1000) == 2100
    reader = opened(tmp_path)
    table = reader.vectors["text-m"]
    for number in (0, 899, 1499, 2099):
        order = np.argsort(-(given @ given[number]))[:10]
        found = [name for name, _ in reader.nearest(table, given[number], "", 10)]
        assert found[0] == f"{number:05d}"
        assert len({f"{n:05d}" for n in order} & set(found)) >= 9


def test_filters_come_before_the_nearest_are_chosen(tmp_path: Path) -> None:
    writer, given = IndexWriter(tmp_path), unit_vectors(60, 2)
    writer.replace("text-m", [MONDAY], vectors(MONDAY, 0, given[:30]))
    writer.replace("text-m", [TUESDAY], vectors(TUESDAY, 30, given[30:]))
    reader = opened(tmp_path)
    only = f"date = '{TUESDAY.date}'"
    found = reader.nearest(reader.vectors["text-m"], given[0], only, 10)
    order = 30 + np.argsort(-(given[30:] @ given[0]))[:10]
    assert [name for name, _ in found] == [f"{n:05d}" for n in order]
    distances = [distance for _, distance in found]
    assert distances == pytest.approx(1 - given[order] @ given[0], abs=5e-3)


def indexed(writer: IndexWriter) -> set[str]:
    table = open_database(writer.folder).open_table("text-m")
    return {name for each in table.list_indices() for name in each.columns}


def opened(folder: Path) -> IndexReader:
    """What the writer left, as a reader has it."""
    database = open_database(folder)
    tables = {name: database.open_table(name) for name in database.list_tables().tables}
    return IndexReader(FolderStore(folder), "", tables.pop(TEXT_TABLE, None), tables)
