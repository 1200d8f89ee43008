"""Small tables of what was said, as a publish leaves them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from af3core.storage.address import open_store
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.parquet_encoding import encode_table
from schemas import layout
from schemas.records import NightManifest
from schemas.tables.columns import Table
from schemas.tables.derived_tables import ALL_TABLES

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
FIRST, SECOND = "2026-11-20", "2026-11-21"
HALF_MINUTE_MS = 30_000
_BY_NAME = {table.name: table for table in ALL_TABLES}
Row = dict[str, Any]


def publish(
    out: str | Path,
    date: str,
    said: dict[str, list[str]],
    *,
    seen: str = "",
    flags: Sequence[str] = (),
    language: str = "en",
    corpus: str = "default",
) -> None:
    """One day: per recording what is said in each half minute, and one caption of all.

    Args:
        seen: the caption; empty for none.
        flags, language: of every transcript.
    """
    recordings: list[Row] = []
    segments: list[Row] = []
    transcripts: list[Row] = []
    for recording, texts in said.items():
        recordings.append({"recording_id": recording, "object_uri": f"/arc/{recording}.wav"})
        for number, text in enumerate(texts):
            at = place(recording, number)
            segments.append(at | {"speech_ms": 20_000 if text else 0})
            spoken = language if text else None
            transcripts.append(at | {"text": text, "flags": list(flags), "language": spoken})
    told = {"text": seen, "flags": []}
    places = [{k: v for k, v in row.items() if k != "language"} for row in transcripts]
    captions = [row | told for row in places if seen]
    put(out, date, "recordings", recordings, corpus)
    put(out, date, "segments", segments, corpus)
    put(out, date, "transcripts", transcripts, corpus)
    put(out, date, "captions", captions, corpus)
    plan = NightManifest(corpus, date, "/arc", "r", NOW.isoformat(), 1, (), ())
    Ledger(open_store(str(out))).put_manifest(plan)


def put(out: str | Path, date: str, table: str, rows: list[Row], corpus: str = "default") -> None:
    """A table's shard of a day; columns that a row leaves out are empty."""
    key = layout.shard_key(table, corpus, date, 0, 1)
    full = [_empty(_BY_NAME[table]) | row for row in rows]
    open_store(str(out)).write(key, encode_table(_BY_NAME[table], full))


def place(recording: str, number: int) -> Row:
    """A half minute of a recording."""
    return {
        "recording_id": recording,
        "clip_id": f"{recording}-clip",
        "segment_id": f"{recording}-{number}",
        "start_ms": HALF_MINUTE_MS * number,
        "end_ms": HALF_MINUTE_MS * (number + 1),
    }


def _empty(table: Table) -> Row:
    return {
        column.name: None if column.nullable else _nothing(column.type) for column in table.columns
    }


def _nothing(data_type: pa.DataType) -> Any:
    if pa.types.is_list(data_type):
        return []
    if pa.types.is_struct(data_type):
        return {part.name: _nothing(part.type) for part in data_type}
    if pa.types.is_timestamp(data_type):
        return NOW
    if pa.types.is_boolean(data_type):
        return False
    return "" if pa.types.is_string(data_type) else 0
