"""What a table is made of: columns with types and descriptions, and the columns that many share."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

TEXTS = pa.list_(pa.string())
TABLE_KEY = "af3.schema"
VERSION_KEY = "af3.schema_version"
"""What the metadata of each object names: its table, and the version of that."""


@dataclass(frozen=True)
class Column:
    """A column of a table; `description` is what `af3 query` shows."""

    name: str
    type: pa.DataType
    description: str
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its order of rows: `sort_by` makes equal nights equal files."""

    name: str
    version: int
    description: str
    columns: tuple[Column, ...]
    sort_by: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """The pyarrow schema; its metadata names the table and the version."""
        fields = [
            pa.field(c.name, c.type, c.nullable, {"description": c.description})
            for c in self.columns
        ]
        return pa.schema(fields, {TABLE_KEY: self.name, VERSION_KEY: str(self.version)})

    def empty_row(self) -> dict[str, Any]:
        """What stands for columns that rows of an earlier release lack, by name."""
        return {c.name: None if c.nullable else _empty(c.type) for c in self.columns}


def _empty(kind: pa.DataType) -> Any:
    if pa.types.is_list(kind):
        return []
    if pa.types.is_string(kind):
        return ""
    if pa.types.is_timestamp(kind):
        return datetime.datetime.fromtimestamp(0, datetime.UTC)
    if pa.types.is_boolean(kind):
        return False
    if pa.types.is_integer(kind):
        return 0
    if pa.types.is_floating(kind):
        return 0.0
    raise TypeError(f"no empty value of {kind}")


def text(name: str, description: str) -> Column:
    return Column(name, pa.string(), description)


def ms(name: str, description: str, nullable: bool = False) -> Column:
    return Column(name, pa.int64(), description, nullable)


def count(name: str, description: str) -> Column:
    return Column(name, pa.int64(), description)


def number(name: str, description: str) -> Column:
    return Column(name, pa.float64(), description, nullable=True)


def structs(name: str, description: str, *later: str, **fields: pa.DataType) -> Column:
    """A list of structs; a number in them may be missing, and in rows of an earlier release what
    `later` names.
    """
    parts = [
        pa.field(key, kind, nullable=kind == pa.float64() or key in later)
        for key, kind in fields.items()
    ]
    return Column(name, pa.list_(pa.struct(parts)), description)


RECORDING = text("recording_id", "recording: start of the SHA-256 of its bytes")
CLIP = text("clip_id", "clip of the recording, one FLAC object")
SEGMENT = text("segment_id", "segment of the clip; empty where the unit is the clip")
START = ms("start_ms", "start, from the start of the recording")
END = ms("end_ms", "end, from the start of the recording")
FLAGS = Column("flags", TEXTS, "reasons to doubt the row; flagged rows stay")
ENGINE = text("engine", "engine that ran it; af3+authors where --prompt-form was authors")
RUN = text("run_id", "run that made the row")
GENERATED_AT = Column("generated_at", pa.timestamp("ms", tz="UTC"), "when the row was made")
