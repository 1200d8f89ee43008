"""The seven tables: columns with types and descriptions, versioned, ready for pyarrow.

Corpus and date are the partition, in the object's path; readers get them as columns.
A schema's version counts up with every change; within a major version columns are only added.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

_TEXTS = pa.list_(pa.string())


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
        return pa.schema(fields, {"af3.schema": self.name, "af3.schema_version": str(self.version)})


def _text(name: str, description: str) -> Column:
    return Column(name, pa.string(), description)


def _ms(name: str, description: str, nullable: bool = False) -> Column:
    return Column(name, pa.int64(), description, nullable)


def _count(name: str, description: str) -> Column:
    return Column(name, pa.int64(), description)


_RECORDING = _text("recording_id", "recording: start of the SHA-256 of its bytes")
_CLIP = _text("clip_id", "clip of the recording, one FLAC object")
_SEGMENT = _text("segment_id", "segment of the clip; empty where the unit is the clip")
_START = _ms("start_ms", "start, from the start of the recording")
_END = _ms("end_ms", "end, from the start of the recording")
_FLAGS = Column("flags", _TEXTS, "reasons to doubt the row; flagged rows stay")
_RUN = _text("run_id", "run that made the row")

_ANSWER_COLUMNS = (
    _RECORDING,
    _CLIP,
    _SEGMENT,
    _START,
    _END,
    _text("task_id", "task of the configuration that asked"),
    _text("prompt_id", "identity of the exact prompt text"),
    Column("mean_logprob", pa.float64(), "mean log-probability of the tokens", nullable=True),
    _count("token_count", "tokens of the answer"),
    _text("finish_reason", "stop: the model ended; length: it was cut at the limit"),
    _FLAGS,
    _text("model", "model that answered"),
    _text("weights_revision", "revision of its weights"),
    _text("engine", "engine that ran it"),
    _text("task_hash", "hash of the resolved task: prompt, weights, decoding settings"),
    _RUN,
    Column("generated_at", pa.timestamp("ms", tz="UTC"), "when the model answered"),
)
_ANSWER_ORDER = ("recording_id", "start_ms", "end_ms", "task_id", "segment_id", "task_hash")

RECORDINGS = Table(
    "recordings",
    1,
    "one row per recording of the night; times in and out add up",
    (
        _RECORDING,
        _text("object_uri", "object that holds it"),
        Column("duplicate_uris", _TEXTS, "further objects with the same bytes"),
        _text("content_sha256", "SHA-256 of the bytes"),
        _count("size_bytes", "size of the object"),
        Column("modified_at", pa.timestamp("ms", tz="UTC"), "when the object was last changed"),
        _text("container", "media container"),
        _text("codec", "audio codec"),
        _count("sample_rate_hz", "sample rate of the source"),
        _count("channels", "channels of the source"),
        _ms("declared_duration_ms", "length that the container declares", nullable=True),
        _ms("duration_ms", "time in: the decoded length, or the declared if none was decoded"),
        _ms("decoded_duration_ms", "length that was decoded"),
        _ms("annotated_ms", "time that has answers"),
        Column(
            "skipped",
            pa.list_(
                pa.struct(
                    [
                        pa.field("reason", pa.string(), nullable=False),
                        pa.field("duration_ms", pa.int64(), nullable=False),
                    ]
                )
            ),
            "time that was not annotated, by reason; with annotated_ms it makes duration_ms",
        ),
        _count("clip_count", "clips"),
        _count("segment_count", "segments"),
        _text("status", "annotated, partial (some answers failed) or failed"),
        _FLAGS,
        _text("segmentation_hash", "hash of the resolved segmentation"),
        _RUN,
    ),
    ("recording_id",),
)

SEGMENTS = Table(
    "segments",
    1,
    "one row per segment, with its measured properties",
    (
        _RECORDING,
        _CLIP,
        _text("segment_id", "segment of the clip"),
        _START,
        _END,
        _ms("speech_ms", "time with speech in it"),
        Column("loudness_lufs", pa.float64(), "integrated loudness (BS.1770)", nullable=True),
        Column("peak_dbfs", pa.float64(), "highest sample", nullable=True),
        Column("spectral_centroid_hz", pa.float64(), "mean brightness", nullable=True),
        _text("status", "annotated, partial, failed or skipped"),
        _text("skip_reason", "why it was skipped, else empty"),
        _FLAGS,
        _text("clip_uri", "FLAC object of the clip"),
        _ms("clip_start_ms", "start of the clip, from the start of the recording"),
        _text("segmentation_hash", "hash of the resolved segmentation"),
        _RUN,
    ),
    ("recording_id", "start_ms", "end_ms"),
)

CAPTIONS = Table(
    "captions",
    1,
    "what is heard, in words",
    (*_ANSWER_COLUMNS, _text("thinking", "reasoning before it"), _text("text", "caption")),
    _ANSWER_ORDER,
)

TRANSCRIPTS = Table(
    "transcripts",
    1,
    "what is said",
    (
        *_ANSWER_COLUMNS,
        _count("word_count", "words of the transcript"),
        _text("text", "transcript; empty without speech"),
    ),
    _ANSWER_ORDER,
)

ANSWERS = Table(
    "answers",
    1,
    "answers to the configured questions",
    (
        *_ANSWER_COLUMNS,
        _text("question", "question as it was asked"),
        Column("options", _TEXTS, "options of a multiple-choice question, else empty"),
        _text("choice", "the option that was chosen; empty if open or none was"),
        _text("thinking", "reasoning before the answer"),
        _text("text", "answer"),
    ),
    _ANSWER_ORDER,
)

FAILURES = Table(
    "failures",
    1,
    "what went wrong, one row per piece of work",
    (
        _text("stage", "discover, segment, annotate"),
        _text("object_uri", "object of the archive"),
        _text("recording_id", "recording, if its bytes were read"),
        _text("clip_id", "clip, else empty"),
        _text("segment_id", "segment, else empty"),
        _text("task_id", "task, else empty"),
        _ms("start_ms", "start of what failed", nullable=True),
        _ms("end_ms", "end of what failed", nullable=True),
        _text("error_class", "kind of error"),
        _text("message", "what happened and what to do"),
        _count("attempts", "how often it was tried"),
        Column("permanent", pa.bool_(), "true: the input is at fault, a rerun does not try again"),
        _RUN,
    ),
    ("stage", "object_uri", "clip_id", "segment_id", "task_id"),
)

RUNS = Table(
    "runs",
    1,
    "one row per run that published the partition",
    (
        _RUN,
        _text("source", "archive that was read"),
        Column("started_at", pa.timestamp("ms", tz="UTC"), "start of the run"),
        Column("published_at", pa.timestamp("ms", tz="UTC"), "when the partition was replaced"),
        _count("recordings", "recordings of the partition"),
        _count("failures", "failures of the partition"),
        _ms("duration_ms", "time in, all recordings"),
        _ms("annotated_ms", "time annotated"),
        _ms("skipped_ms", "time skipped, all reasons"),
        _count("answers_made", "answers that this run asked the model for"),
        _text("model", "model"),
        _text("weights_revision", "revision of its weights"),
        _text("configuration", "resolved configuration, as JSON"),
        _text("software_version", "version of af3-archive"),
        Column(
            "objects",
            pa.list_(
                pa.struct(
                    [
                        pa.field("key", pa.string(), nullable=False),
                        pa.field("rows", pa.int64(), nullable=False),
                        pa.field("sha256", pa.string(), nullable=False),
                    ]
                )
            ),
            "objects that the run published",
        ),
    ),
    ("published_at", "run_id"),
)

TABLES: tuple[Table, ...] = (
    RECORDINGS,
    SEGMENTS,
    CAPTIONS,
    TRANSCRIPTS,
    ANSWERS,
    FAILURES,
    RUNS,
)
BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}
ANSWER_TABLES = tuple(table.name for table in (CAPTIONS, TRANSCRIPTS, ANSWERS))
"""The tables whose rows are answers of the model."""
