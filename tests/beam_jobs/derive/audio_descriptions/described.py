"""Days with a summary or two, described; the sounds that lie beside the tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from af3core.storage.address import store_at
from beam_jobs.derive.audio_descriptions import describe_job
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.parquet_encoding import encode_table
from schemas import layout
from schemas.tables.columns import Table
from schemas.tables.derived_tables import CHAPTERS, SUMMARIES
from tests.beam_jobs.derive.export.derived_rows import MADE
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.small_night import DAY, rows

Row = dict[str, Any]
LONG, SHORT = "long.mp3", "short.wav"


def chapter(title: str, summary: str, start_ms: int = 0) -> Row:
    return {"chapter": 1, "start_ms": start_ms, "end_ms": 40_000, "title": title,
            "summary": summary, "segment_count": 2, "made_by": "rules", **MADE}  # fmt: skip


def summarised(
    out: str, summary: str, *chapters: Row, name: str = LONG, corpus: str = "default"
) -> None:
    """Leave these as the day's only summary and chapters."""
    found = next(r for r in rows(out, "recordings") if r["object_uri"].endswith(name))
    known = {"recording_id": found["recording_id"]}
    written = {"summary": summary, "chapter_count": len(chapters), "transcript": "",
               "transcript_spans": [], "made_by": "rules", **MADE}  # fmt: skip
    row = known | {"duration_ms": found["duration_ms"]} | written | {"flags": ["extractive"]}
    put(out, corpus, SUMMARIES, [row])
    put(out, corpus, CHAPTERS, [known | each for each in chapters])


def put(out: str, corpus: str, table: Table, made: list[Row]) -> None:
    key = layout.shard_key(table.name, corpus, DAY, 0, 1)
    store_at(out).write(key, encode_table(table, made))


def described(out: str, annotated: Path, untrained: Path, *options: str) -> Outcome:
    return describe_job.run(settings_for("describe", "--out", out, *options))


def sounds(out: str) -> dict[str, bytes]:
    store = store_at(out)
    return {key: store.read(key) or b"" for key in next(store.walk(["descriptions/"]))}
