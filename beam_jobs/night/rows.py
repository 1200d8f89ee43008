"""The rows of one recording, from what the ledger holds. Pure functions, tested without Beam."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from af3core.errors import Af3Error
from af3core.model.weights.languages import BEYOND_MODEL, is_beyond_model
from af3core.tasks.answers import ReadAnswer, read_answer
from af3core.tasks.flags import OF_RECORDINGS, answer_flags
from af3core.tasks.language import UNKNOWN, Language, identify_language
from af3core.tasks.task import Task
from af3core.tasks.text_segmentation import word_count
from beam_jobs.framework.equal_clips import taken_over_from
from beam_jobs.framework.failures import given_up, progress_of
from beam_jobs.framework.parquet_encoding import timestamp
from beam_jobs.night.accounting import Spent, account
from beam_jobs.night.pending_questions import PendingQuestion, all_questions
from beam_jobs.night.silent_recordings import (
    NOTHING_HEARD,
    SILENCE_DOUBTED,
    is_doubted,
    is_nothing_heard,
)
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
WAITING = "waiting"
"""Status of a recording that is to be decoded yet."""
NOT_SEGMENTED = "not_segmented"
"""Reason for a recording that was not decoded yet: the segment job has not run."""

FLAGGED_GAP_MS = 100
"""A gap that a word could be in; shorter ones are a lost packet, or a clock that runs apart."""


class AccountingError(Af3Error):
    """Seconds in are not seconds annotated plus seconds skipped: nothing is published."""


@dataclass(frozen=True)
class RecordingFacts:
    """All that is known of a recording: its plan, its cut, its answers, its failures.

    `silence_dbfs` is the level below which nothing was heard; `neighbours_heard` is looked up only
    where nothing was.
    """

    recording: Recording
    segmentation_hash: str
    segmented: SegmentedRecording | None
    failed: Failure | None
    annotated: Mapping[str, Sequence[AnnotatedClip]]
    run_id: str
    silence_dbfs: float = -60.0
    neighbours_heard: bool = False

    @property
    def is_waiting(self) -> bool:
        """True where it is to be decoded yet, and is not given up on."""
        return self.segmented is None and (self.failed is None or not given_up([self.failed]))


@dataclass
class TableRows:
    """Rows by table name.

    `taken_over` counts those of answers that another recording of the same sound was given, by
    recording and the run that asked.
    """

    by_table: dict[str, list[Row]] = field(default_factory=dict)
    taken_over: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, table: str, row: Row) -> None:
        self.by_table.setdefault(table, []).append(row)

    def extend(self, other: TableRows) -> None:
        for table, rows in other.by_table.items():
            self.by_table.setdefault(table, []).extend(rows)
        self.taken_over += other.taken_over


def recording_rows(facts: RecordingFacts, tasks: Mapping[str, Task]) -> TableRows:
    """All rows of one recording.

    Raises:
        AccountingError: its times do not add up.
    """
    rows = TableRows()
    spent: list[Spent] = []
    segmented = facts.segmented
    if segmented is None:
        duration_ms = facts.recording.media.likely_duration_ms
        reason = facts.failed.error_class if facts.failed else NOT_SEGMENTED
        spent.append(Spent(0, duration_ms, "skipped", reason))
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
                times = (segment.start_ms, segment.end_ms)
                spent.append(Spent(*times, status, reason, clip.channel))
                rows.add("segments", _segment_row(facts, clip, segment, status, reason))
            for (entry, annotation), question in answers.items_with_questions():
                task = tasks[question.task_hash]
                _add_answer(rows, facts, clip, entry, annotation, task, question.speech_ms)
                if entry.taken_over:
                    rows.taken_over[clip.recording_id, entry.run_id] += 1
            for failure in failures.values():
                rows.add("failures", failure_row(failure))
    annotated_ms, skipped = account(spent)
    if annotated_ms + skipped.total() != duration_ms:
        raise AccountingError(
            f"{facts.recording.uri}: {duration_ms} ms in, {annotated_ms} ms annotated and"
            f" {skipped.total()} ms skipped; delete its object below ledger/segment and run again"
        )
    statuses = {span.status for span in spent}
    rows.add("recordings", _recording_row(facts, duration_ms, annotated_ms, skipped, statuses))
    return rows


class Answers(dict[tuple[str, str], tuple[AnnotatedClip, Annotation]]):
    """Current answers of a clip by (segment, task hash), with the questions that they answer."""

    def __init__(self, questions: Sequence[PendingQuestion]) -> None:
        super().__init__()
        self._questions = questions

    def items_with_questions(
        self,
    ) -> list[tuple[tuple[AnnotatedClip, Annotation], PendingQuestion]]:
        return [
            (self[question.segment_id, question.task_hash], question)
            for question in self._questions
            if (question.segment_id, question.task_hash) in self
        ]


def _current(
    clip: Clip, tasks: Mapping[str, Task], known: Sequence[AnnotatedClip]
) -> tuple[Answers, dict[tuple[str, str], Failure]]:
    """Answers to the configured tasks, and the last failure of what has none."""
    questions = all_questions(clip, tasks)
    wanted = {(question.segment_id, question.task_hash) for question in questions}
    answers = Answers(questions)
    failures: dict[tuple[str, str], Failure] = {}
    for entry in sorted(known, key=lambda e: e.generated_at):
        for annotation in entry.annotations:
            key = (annotation.segment_id, annotation.task_hash)
            if key in wanted:
                answers[key] = (entry, annotation)
        for failure in entry.failures:
            key = (failure.segment_id, failure.task_hash)
            if key in wanted:
                failures[key] = max(failure, failures.get(key, failure), key=progress_of)
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
    statuses: set[str],
) -> Row:
    recording, segmented = facts.recording, facts.segmented
    if segmented is None:
        status = WAITING if facts.is_waiting else "failed"
    elif statuses & {"failed", "partial"} or skipped[NOT_ANNOTATED]:
        status = "partial"
    elif is_nothing_heard(segmented):
        status = NOTHING_HEARD
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
        "flags": [*_recording_flags(facts), *recording.flags],
        "segmentation_hash": facts.segmentation_hash,
        "run_id": segmented.run_id if segmented else facts.run_id,
        "estimated_duration_ms": recording.media.estimated_duration_ms,
        **_clock_columns(segmented),
        **_what_was_heard(facts),
        "date_rule": recording.date_rule or None,
        "sound_sha256": recording.sound_sha256 or None,
        "taken_over_from": _taken_over_from(segmented),
        "part_uris": [part.uri for part in recording.parts] or None,
    }


def _taken_over_from(segmented: SegmentedRecording | None) -> str | None:
    """The recording that was cut in the place of this one; None where it was itself."""
    clips = segmented.clips if segmented else ()
    found = {taken_over_from(clip.recording_id, clip.clip_uri) for clip in clips} - {""}
    return min(found, default=None)


def _clock_columns(segmented: SegmentedRecording | None) -> Row:
    """How the sound was placed in time; NULL where it was not, or by a release that did not."""
    if segmented is None or segmented.gap_ms is None:
        return dict.fromkeys(("start_offset_ms", "gaps", "gap_ms", "lost_ms", "notes"))
    return {
        "start_offset_ms": segmented.start_offset_ms,
        "gaps": [gap.to_json() for gap in segmented.gaps],
        "gap_ms": segmented.gap_ms,
        "lost_ms": segmented.lost_ms,
        "notes": list(segmented.notes),
    }


def _what_was_heard(facts: RecordingFacts) -> Row:
    """Tracks and channels; nothing where an earlier release cut the recording and recorded none."""
    segmented = facts.segmented
    heard = segmented.heard if segmented else None
    tracks = (segmented.tracks if segmented else ()) or facts.recording.media.tracks
    if segmented and heard and len(heard.tracks) == 1:
        peaks = [s.peak_dbfs for clip in segmented.clips for s in clip.segments]
        level_dbfs = max((peak for peak in peaks if peak is not None), default=None)
        tracks = tuple(
            dataclasses.replace(t, level_dbfs=level_dbfs) if t.index in heard.tracks else t
            for t in tracks
        )
    return {
        "tracks": [track.to_json() for track in tracks] or None,
        "heard_tracks": list(heard.tracks) if heard else None,
        "heard_channels": heard.channels if heard else None,
        "heard_channel_count": heard.channel_count if heard else None,
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
        "channel": clip.channel,
        "loudness_lufs": segment.loudness_lufs,
        "peak_dbfs": segment.peak_dbfs,
        "spectral_centroid_hz": segment.spectral_centroid_hz,
        "status": status,
        "skip_reason": reason,
        "flags": [*_flags_within(facts, segment.start_ms, segment.end_ms), *facts.recording.flags],
        "clip_uri": clip.clip_uri,
        "clip_start_ms": clip.start_ms,
        "segmentation_hash": facts.segmentation_hash,
        "run_id": facts.segmented.run_id if facts.segmented else facts.run_id,
    }


def _read_now(annotation: Annotation, task: Task, speech_ms: int) -> ReadAnswer:
    """An answer as it is read today: a transcript from the model's own words, as an earlier release
    took words away that may have been spoken. Answers of other kinds stay as they were read.
    """
    if task.kind == "transcript":
        return read_answer(task, annotation.raw_text, speech_ms)
    separated = not task.thinking or read_answer(task, annotation.raw_text, speech_ms).separated
    return ReadAnswer(annotation.text, annotation.thinking, annotation.choice, separated)


def _language_of(annotation: Annotation, text: str) -> Language:
    """The language of a transcript as it was told apart when the model answered; now, where an
    earlier release did not.
    """
    if annotation.language is None:
        return identify_language(text)
    return Language(annotation.language, annotation.language_probability)


def _add_answer(
    rows: TableRows,
    facts: RecordingFacts,
    clip: Clip,
    entry: AnnotatedClip,
    annotation: Annotation,
    task: Task,
    speech_ms: int,
) -> None:
    read = _read_now(annotation, task, speech_ms)
    spoken = _language_of(annotation, read.text) if task.kind == "transcript" else UNKNOWN
    flags = answer_flags(
        task,
        read,
        mean_logprob=annotation.mean_logprob,
        finish_reason=annotation.finish_reason,
        speech_ms=speech_ms,
    )
    if is_beyond_model(spoken, entry.model):
        flags = (*flags, BEYOND_MODEL)
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
        "flags": [*flags, *_flags_within(facts, annotation.start_ms, annotation.end_ms)],
        "examples": [example.to_json() for example in annotation.examples],
        "model": entry.model,
        "weights_revision": entry.weights_revision,
        "engine": entry.engine,
        "task_hash": annotation.task_hash,
        "run_id": entry.run_id,
        "generated_at": timestamp(entry.generated_at),
        "text": read.text,
        "channel": clip.channel,
    }
    if task.kind == "caption":
        rows.add("captions", row | {"thinking": read.thinking})
    elif task.kind == "transcript":
        rows.add(
            "transcripts",
            row
            | {
                "word_count": word_count(read.text),
                "language": spoken.code or None,
                "language_probability": spoken.probability if spoken.code else None,
            },
        )
    else:
        asked = {"question": task.prompt, "options": list(task.options)}
        rows.add("answers", row | asked | {"choice": read.choice, "thinking": read.thinking})


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


def _recording_flags(facts: RecordingFacts) -> list[str]:
    segmented = facts.segmented
    if segmented is None:
        return []
    doubted = is_nothing_heard(segmented) and is_doubted(
        segmented, facts.silence_dbfs, facts.neighbours_heard
    )
    return [*segmented.flags, *([SILENCE_DOUBTED] if doubted else [])]


def _flags_within(facts: RecordingFacts, start_ms: int, end_ms: int) -> list[str]:
    """The recording's doubts that are its segments' and answers' too, and that of a gap that lies
    in this part of it.
    """
    segmented = facts.segmented
    if segmented is None:
        return []
    holds_gap = any(
        gap.start_ms < end_ms and gap.start_ms + gap.duration_ms > start_ms
        for gap in segmented.gaps
        if gap.duration_ms >= FLAGGED_GAP_MS
    )
    flags = [flag for flag in segmented.flags if flag not in OF_RECORDINGS]
    return flags + (["gap"] if holds_gap else [])
