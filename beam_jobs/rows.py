"""The rows of one recording, from what the ledger holds. Pure functions, tested without Beam."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from af3core.errors import Af3Error
from af3core.tasks.task import Task
from beam_jobs.asking import Ask, all_asks
from schemas.records import (
    AnnotatedClip,
    Annotation,
    Clip,
    Failure,
    Recording,
    Segment,
    SegmentedRecording,
)

Row = dict[str, Any]
NOT_ANNOTATED = "not_annotated"
"""Reason for time that the model was not asked about yet: the annotate job has not run."""
NOT_SEGMENTED = "not_segmented"
"""Reason for a recording that was not decoded yet: the segment job has not run."""


class AccountingError(Af3Error):
    """Seconds in are not seconds annotated plus seconds skipped: nothing is published."""


@dataclass(frozen=True)
class RecordingFacts:
    """All that is known of a recording: its plan, its cut, its answers, its failures."""

    recording: Recording
    segmentation_hash: str
    segmented: SegmentedRecording | None
    failed: Failure | None
    annotated: Mapping[str, Sequence[AnnotatedClip]]
    run_id: str


@dataclass
class TableRows:
    """Rows by table name."""

    by_table: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, row: Row) -> None:
        self.by_table.setdefault(table, []).append(row)

    def extend(self, other: TableRows) -> None:
        for table, rows in other.by_table.items():
            self.by_table.setdefault(table, []).extend(rows)


def recording_rows(facts: RecordingFacts, tasks: Mapping[str, Task]) -> TableRows:
    """All rows of one recording.

    Raises:
        AccountingError: its times do not add up.
    """
    rows = TableRows()
    skipped: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    annotated_ms = 0
    segmented = facts.segmented
    if segmented is None:
        declared_ms = facts.recording.media.declared_duration_ms or 0
        reason = facts.failed.error_class if facts.failed else NOT_SEGMENTED
        skipped[reason] += declared_ms
        duration_ms = declared_ms
        statuses["failed"] += 1
        if facts.failed:
            rows.add("failures", failure_row(facts.failed))
    else:
        duration_ms = segmented.decoded_duration_ms
        for failure in segmented.failures:
            rows.add("failures", failure_row(failure))
        for clip in segmented.clips:
            answers, failures = _current(clip, tasks, facts.annotated.get(clip.clip_id, ()))
            for segment in clip.segments:
                status, reason = _status(segment, clip, tasks, answers, failures)
                statuses[status] += 1
                if status in ("annotated", "partial"):
                    annotated_ms += segment.duration_ms
                else:
                    skipped[reason] += segment.duration_ms
                rows.add("segments", _segment_row(facts, clip, segment, status, reason))
            for (entry, annotation), ask in answers.items_with_asks():
                _add_annotation(rows, facts, clip, entry, annotation, tasks[ask.task_hash])
            for failure in failures.values():
                rows.add("failures", failure_row(failure))
    if annotated_ms + skipped.total() != duration_ms:
        raise AccountingError(
            f"{facts.recording.uri}: {duration_ms} ms in, {annotated_ms} ms annotated and"
            f" {skipped.total()} ms skipped; delete its object below ledger/segment and run again"
        )
    rows.add("recordings", _recording_row(facts, duration_ms, annotated_ms, skipped, statuses))
    return rows


class Answers(dict[tuple[str, str], tuple[AnnotatedClip, Annotation]]):
    """Current answers of a clip by (segment, task hash), with the asks that they answer."""

    def __init__(self, asks: Sequence[Ask]) -> None:
        super().__init__()
        self._asks = asks

    def items_with_asks(self) -> list[tuple[tuple[AnnotatedClip, Annotation], Ask]]:
        return [
            (self[ask.segment_id, ask.task_hash], ask)
            for ask in self._asks
            if (ask.segment_id, ask.task_hash) in self
        ]


def _current(
    clip: Clip, tasks: Mapping[str, Task], known: Sequence[AnnotatedClip]
) -> tuple[Answers, dict[tuple[str, str], Failure]]:
    """Answers to the configured tasks, and the last failure of what has none."""
    asks = all_asks(clip, tasks)
    wanted = {(ask.segment_id, ask.task_hash) for ask in asks}
    answers = Answers(asks)
    failures: dict[tuple[str, str], Failure] = {}
    for entry in sorted(known, key=lambda e: e.generated_at):
        for annotation in entry.annotations:
            key = (annotation.segment_id, annotation.task_hash)
            if key in wanted:
                answers[key] = (entry, annotation)
        for failure in entry.failures:
            key = (failure.segment_id, failure.task_hash)
            if key in wanted:
                failures[key] = failure
    return answers, {key: f for key, f in failures.items() if key not in answers}


def _status(
    segment: Segment,
    clip: Clip,
    tasks: Mapping[str, Task],
    answers: Answers,
    failures: Mapping[tuple[str, str], Failure],
) -> tuple[str, str]:
    """Status and skip reason of a segment: annotated, partial, failed or skipped."""
    if segment.skip_reason:
        return "skipped", segment.skip_reason
    keys = [
        (segment.segment_id if task.unit == "segment" else "", task_hash)
        for task_hash, task in tasks.items()
    ]
    answered = sum(key in answers for key in keys)
    if answered == len(keys):
        return "annotated", ""
    if answered:
        return "partial", ""
    causes = [failures[key].error_class for key in keys if key in failures]
    return ("failed", causes[0]) if causes else ("skipped", NOT_ANNOTATED)


def _recording_row(
    facts: RecordingFacts,
    duration_ms: int,
    annotated_ms: int,
    skipped: Counter[str],
    statuses: Counter[str],
) -> Row:
    recording, segmented = facts.recording, facts.segmented
    if segmented is None:
        status = "failed"
    elif statuses["failed"] or statuses["partial"] or skipped[NOT_ANNOTATED]:
        status = "partial"
    else:
        status = "annotated"
    return {
        "recording_id": recording.recording_id,
        "object_uri": recording.uri,
        "duplicate_uris": list(recording.duplicate_uris),
        "content_sha256": recording.content_sha256,
        "size_bytes": recording.size_bytes,
        "modified_at": timestamp(recording.modified_at),
        "container": recording.media.container,
        "codec": recording.media.codec,
        "sample_rate_hz": recording.media.sample_rate_hz,
        "channels": recording.media.channels,
        "declared_duration_ms": recording.media.declared_duration_ms,
        "duration_ms": duration_ms,
        "decoded_duration_ms": segmented.decoded_duration_ms if segmented else 0,
        "annotated_ms": annotated_ms,
        "skipped": [
            {"reason": reason, "duration_ms": ms} for reason, ms in sorted(skipped.items()) if ms
        ],
        "clip_count": len(segmented.clips) if segmented else 0,
        "segment_count": sum(len(c.segments) for c in segmented.clips) if segmented else 0,
        "status": status,
        "flags": list(segmented.flags) if segmented else [],
        "segmentation_hash": facts.segmentation_hash,
        "run_id": segmented.run_id if segmented else facts.run_id,
    }


def _segment_row(
    facts: RecordingFacts, clip: Clip, segment: Segment, status: str, reason: str
) -> Row:
    return {
        "recording_id": clip.recording_id,
        "clip_id": clip.clip_id,
        "segment_id": segment.segment_id,
        "start_ms": segment.start_ms,
        "end_ms": segment.end_ms,
        "speech_ms": segment.speech_ms,
        "starts_in_speech": segment.starts_in_speech,
        "loudness_lufs": segment.loudness_lufs,
        "peak_dbfs": segment.peak_dbfs,
        "spectral_centroid_hz": segment.spectral_centroid_hz,
        "status": status,
        "skip_reason": reason,
        "flags": _recording_flags(facts),
        "clip_uri": clip.clip_uri,
        "clip_start_ms": clip.start_ms,
        "segmentation_hash": facts.segmentation_hash,
        "run_id": facts.segmented.run_id if facts.segmented else facts.run_id,
    }


def _add_annotation(
    rows: TableRows,
    facts: RecordingFacts,
    clip: Clip,
    entry: AnnotatedClip,
    annotation: Annotation,
    task: Task,
) -> None:
    row: Row = {
        "recording_id": clip.recording_id,
        "clip_id": clip.clip_id,
        "segment_id": annotation.segment_id,
        "start_ms": annotation.start_ms,
        "end_ms": annotation.end_ms,
        "task_id": task.task_id,
        "prompt_id": annotation.prompt_id,
        "mean_logprob": annotation.mean_logprob,
        "token_count": annotation.token_count,
        "finish_reason": annotation.finish_reason,
        "flags": [*annotation.flags, *_recording_flags(facts)],
        "examples": [example.to_json() for example in annotation.examples],
        "model": entry.model,
        "weights_revision": entry.weights_revision,
        "engine": entry.engine,
        "task_hash": annotation.task_hash,
        "run_id": entry.run_id,
        "generated_at": timestamp(entry.generated_at),
        "text": annotation.text,
    }
    if task.kind == "caption":
        rows.add("captions", row | {"thinking": annotation.thinking})
    elif task.kind == "transcript":
        rows.add("transcripts", row | {"word_count": len(annotation.text.split())})
    else:
        asked = {"question": task.prompt, "options": list(task.options)}
        told = {"choice": annotation.choice, "thinking": annotation.thinking}
        rows.add("answers", row | asked | told)


def failure_row(failure: Failure) -> Row:
    """A failure of any stage as a row."""
    return {
        "stage": failure.stage,
        "object_uri": failure.uri,
        "recording_id": failure.recording_id,
        "clip_id": failure.clip_id,
        "segment_id": failure.segment_id,
        "task_id": failure.task_id,
        "start_ms": failure.start_ms,
        "end_ms": failure.end_ms,
        "error_class": failure.error_class,
        "message": failure.message,
        "attempts": failure.attempts,
        "permanent": failure.permanent,
        "run_id": failure.run_id,
    }


def timestamp(text: str) -> datetime.datetime:
    """An ISO time as the tables hold it."""
    return datetime.datetime.fromisoformat(text)


def _recording_flags(facts: RecordingFacts) -> list[str]:
    return list(facts.segmented.flags) if facts.segmented else []
