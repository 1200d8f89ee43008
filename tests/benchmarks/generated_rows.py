"""The night's tables of a generated day: recordings, segments, answers, failures, the run."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from beam_jobs.night.rows import failure_row
from schemas.identity import canonical_json
from schemas.records import Failure, MediaInfo, NightManifest, Recording
from schemas.tables.night_tables import FAILURES, RECORDINGS, RUNS, SEGMENTS
from tests.benchmarks.generated_answers import (
    ANSWERS_A_SEGMENT,
    MODEL,
    REVISION,
    answer_tables,
    flag_lists,
    recording_flags,
)
from tests.benchmarks.generated_day import SEGMENTATION, GeneratedDay, table_of
from tests.benchmarks.generated_words import Vocabulary

_UNREADABLE_MS = 1_800_000
_BYTES_A_MS = 64


def night_tables(
    day: GeneratedDay, words: Vocabulary, rng: np.random.Generator
) -> dict[str, pa.Table]:
    """All but `runs`, by name."""
    failures = [failure_row(failure) for failure in night_failures(day)]
    return {
        RECORDINGS.name: _recordings(day),
        SEGMENTS.name: _segments(day, rng),
        **answer_tables(day, words, rng),
        FAILURES.name: pa.Table.from_pylist(failures, schema=FAILURES.schema),
    }


def run_table(day: GeneratedDay, objects: list[dict[str, Any]]) -> pa.Table:
    """The run that published these objects."""
    duration = int((day.end_ms - day.start_ms).sum())
    annotated = int((day.end_ms - day.start_ms)[~day.silent].sum())
    unreadable = sum(r.segments == 0 for r in day.planned.recordings) * _UNREADABLE_MS
    row = {
        "run_id": day.run_id,
        "source": f"/archive/{day.planned.corpus}",
        "started_at": day.began,
        "published_at": day.began + datetime.timedelta(hours=1),
        "recordings": len(day.recordings),
        "failures": len(night_failures(day)),
        "duration_ms": duration + unreadable,
        "annotated_ms": annotated,
        "skipped_ms": duration - annotated + unreadable,
        "answers_made": ANSWERS_A_SEGMENT * int((~day.silent).sum()),
        "model": MODEL,
        "weights_revision": REVISION,
        "configuration": canonical_json({"generated": True}),
        "software_version": REVISION,
        "objects": objects,
    }
    return pa.Table.from_pylist([row], schema=RUNS.schema)


def manifest(day: GeneratedDay) -> NightManifest:
    """The plan that the day's run would have read."""
    began = day.began.isoformat()
    corpus, date = day.planned.corpus, str(day.planned.date)
    return NightManifest(
        corpus=corpus,
        date=date,
        source=f"/archive/{corpus}",
        run_id=day.run_id,
        listed_at=began,
        shards=1,
        recordings=tuple(
            Recording(
                recording_id=r.recording_id,
                content_sha256=r.content_sha256,
                uri=r.uri,
                duplicate_uris=(),
                corpus=corpus,
                date=date,
                size_bytes=_duration_ms(day)[place] * _BYTES_A_MS,
                modified_at=began,
                media=MediaInfo("flac", "flac", 48_000, 2, _duration_ms(day)[place]),
            )
            for place, r in enumerate(day.recordings)
        ),
        failures=tuple(f for f in night_failures(day) if f.stage == "discover"),
    )


def night_failures(day: GeneratedDay) -> list[Failure]:
    """An empty object every tenth partition, and what cannot be decoded."""
    planned = day.planned
    given = {"corpus": planned.corpus, "date": str(planned.date), "run_id": day.run_id}
    found = [
        Failure(
            stage="segment",
            uri=r.uri,
            error_class="DecodeFailed",
            message=f"{r.uri}: nothing could be decoded; check the file",
            attempts=1,
            permanent=True,
            recording_id=r.recording_id,
            **given,
        )
        for r in day.recordings
        if r.segments[0] == r.segments[1]
    ]
    if planned.number % 10 == 0:
        uri = f"/archive/{planned.corpus}/{planned.date:%Y/%m/%d}/empty.flac"
        message = f"{uri}: the object is empty (0 bytes); upload it again"
        found.append(
            Failure(
                "discover",
                uri,
                error_class="EmptyObject",
                message=message,
                attempts=1,
                permanent=True,
                **given,
            )
        )
    return sorted(found, key=lambda failure: failure.stage)


def _duration_ms(day: GeneratedDay) -> list[int]:
    """Of each recording."""
    total = np.bincount(day.owner, day.end_ms - day.start_ms, len(day.recordings)).astype(np.int64)
    return np.where(total == 0, _UNREADABLE_MS, total).tolist()


def _recordings(day: GeneratedDay) -> pa.Table:
    length_ms = day.end_ms - day.start_ms
    silent_ms = np.bincount(day.owner, length_ms * day.silent, len(day.recordings))
    rows = []
    for recording, total, silent in zip(
        day.recordings, _duration_ms(day), silent_ms.astype(np.int64).tolist(), strict=True
    ):
        count = recording.segments[1] - recording.segments[0]
        reason, skipped = ("silence", silent) if count else ("DecodeFailed", total)
        rows.append(
            {
                "recording_id": recording.recording_id,
                "object_uri": recording.uri,
                "duplicate_uris": [],
                "content_sha256": recording.content_sha256,
                "size_bytes": total * _BYTES_A_MS,
                "modified_at": day.began,
                "container": "flac",
                "codec": "flac",
                "sample_rate_hz": 48_000,
                "channels": 2,
                "declared_duration_ms": total,
                "duration_ms": total,
                "decoded_duration_ms": total if count else 0,
                "annotated_ms": total - skipped,
                "skipped": [{"reason": reason, "duration_ms": skipped}] if skipped else [],
                "clip_count": len(set(day.clip_ids[slice(*recording.segments)].to_pylist())),
                "segment_count": count,
                "status": "annotated" if count else "failed",
                "flags": ["timeline_suspect"] if recording.doubted else [],
                "segmentation_hash": SEGMENTATION,
                "run_id": day.run_id,
            }
        )
    return pa.Table.from_pylist(rows, schema=RECORDINGS.schema)


def _segments(day: GeneratedDay, rng: np.random.Generator) -> pa.Table:
    rows = len(day.owner)
    peaks = rng.uniform(-12, -0.1, rows).round(2)
    return table_of(
        SEGMENTS,
        rows,
        recording_id=day.recording_ids,
        clip_id=day.clip_ids,
        segment_id=day.segment_ids,
        start_ms=day.start_ms,
        end_ms=day.end_ms,
        speech_ms=day.speech_ms,
        starts_in_speech=rng.random(rows) < 0.05,
        channel=pa.nulls(rows, pa.int64()),
        loudness_lufs=pa.array((peaks - 15 - 4 * rng.random(rows)).round(2), mask=day.silent),
        peak_dbfs=np.where(day.silent, -90, peaks),
        spectral_centroid_hz=pa.array(rng.uniform(300, 4_000, rows).round(2), mask=day.silent),
        status=pa.array(np.where(day.silent, "skipped", "annotated")),
        skip_reason=pa.array(np.where(day.silent, "silence", "")),
        flags=flag_lists(recording_flags(day)),
        clip_uri=day.clip_uris,
        clip_start_ms=day.clip_start_ms,
        segmentation_hash=SEGMENTATION,
        run_id=day.run_id,
    )
