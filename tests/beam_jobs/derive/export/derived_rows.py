"""Rows of `pairs` and `dialogues` about the segments of a night, as their jobs leave them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from beam_jobs.framework.parquet_encoding import encode_table
from schemas import layout
from schemas.tables.columns import Table
from schemas.tables.derived_tables import DIALOGUES, PAIRS
from tests.beam_jobs.small_night import DAY

Row = dict[str, Any]
MADE = {
    "run_id": "r",
    "generated_at": datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC),
    "flags": [],
}
HEARD_BY = {"model": "nano", "weights_revision": "0a1b2c3d", "engine": "af3"}


def pair_row(segment: Row, pair_id: str, **changes: Any) -> Row:
    """A pair about a segment; four options, the second is right."""
    row = {name: segment[name] for name in ("recording_id", "clip_id", "segment_id")}
    row |= {name: segment[name] for name in ("start_ms", "end_ms")} | HEARD_BY | MADE
    return row | {
        "pair_id": pair_id,
        "skill": "temporal_order",
        "question": "Which sound comes first?",
        "options": ["rain", "a bell", "thunder", "a dog barking"],
        "answer": "a bell",
        "made_by": "rules",
        "evidence": [],
        "self_check": "",
        "audio_answer": "(B) a bell",
        "agrees": True,
        **changes,
    }


def dialogue_row(segments: Sequence[Row], dialogue_id: str, *texts: str, **changes: Any) -> Row:
    """A conversation about segments; the texts are human's and gpt's in turn."""
    sounds = [
        {name: s[name] for name in ("segment_id", "recording_id", "clip_uri", "clip_start_ms")}
        | {"start_ms": s["start_ms"], "end_ms": s["end_ms"]}
        | {"relation": "similar", "distance": 0.25}
        for s in segments
    ]
    turns = [{"role": ("human", "gpt")[n % 2], "text": text} for n, text in enumerate(texts)]
    return {
        "recording_id": segments[0]["recording_id"],
        "dialogue_id": dialogue_id,
        "start_ms": segments[0]["start_ms"],
        "end_ms": segments[0]["end_ms"],
        "sounds": sounds,
        "turns": turns,
        "sound_count": len(sounds),
        "turn_count": len(turns) // 2,
        "made_by": "nano",
        "self_check": "pass",
        **MADE,
        **changes,
    }


def write_rows(out: Path, table: Table, rows: list[Row], corpus: str = "default") -> None:
    """One shard that is the whole partition of the day."""
    path = out / layout.shard_key(table.name, corpus, DAY, 0, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_table(table, rows))


def write_pairs(out: Path, rows: list[Row]) -> None:
    write_rows(out, PAIRS, rows)


def write_dialogues(out: Path, rows: list[Row]) -> None:
    write_rows(out, DIALOGUES, rows)
