"""The seven tables of a night: versioned, with a description for every column.

Corpus and date are the partition, in the object's path; readers get them as columns.
A schema's version counts up with every change; within a major version columns are only added.
"""

from __future__ import annotations

import pyarrow as pa

from schemas.tables.columns import (
    CLIP,
    END,
    ENGINE,
    FLAGS,
    RECORDING,
    RUN,
    SEGMENT,
    START,
    TEXTS,
    Column,
    Table,
    count,
    ms,
    structs,
    text,
)

_CHANNEL = Column(
    "channel",
    pa.int64(),
    "channel that it is of, from 0, where each was cut by itself; else none: of all that was heard",
    nullable=True,
)
_TRACK = pa.struct(
    [
        pa.field("index", pa.int64(), nullable=False),
        pa.field("codec", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("is_default", pa.bool_(), nullable=False),
        pa.field("channels", pa.int64(), nullable=False),
        pa.field("declared_duration_ms", pa.int64()),
        pa.field("level_dbfs", pa.float64()),
        pa.field("speech_ms", pa.int64()),
    ]
)

_ANSWER_COLUMNS = (
    RECORDING,
    CLIP,
    SEGMENT,
    START,
    END,
    text("task_id", "task of the configuration that asked"),
    text("prompt_id", "identity of the exact prompt text"),
    Column("mean_logprob", pa.float64(), "mean log-probability of the tokens", nullable=True),
    count("token_count", "tokens of the answer"),
    text("finish_reason", "stop: the model ended; length: it was cut at the limit"),
    FLAGS,
    text("model", "model that answered"),
    text("weights_revision", "revision of its weights"),
    ENGINE,
    text("task_hash", "hash of the resolved task: prompt, weights, decoding settings"),
    RUN,
    Column("generated_at", pa.timestamp("ms", tz="UTC"), "when the model answered"),
    structs(
        "examples",
        "segments that stood before the prompt as examples, nearest first, with cosine distances;"
        " form: sound where it was heard, caption (and in older rows nothing) where it was not",
        "form",
        recording_id=pa.string(),
        segment_id=pa.string(),
        distance=pa.float64(),
        form=pa.string(),
    ),
)
_ANSWER_ORDER = (
    *("recording_id", "start_ms", "end_ms", "task_id", "segment_id", "task_hash", "channel"),
)

RECORDINGS = Table(
    "recordings",
    2,
    "one row per recording of the night; times in and out add up",
    (
        RECORDING,
        text("object_uri", "object that holds it"),
        Column("duplicate_uris", TEXTS, "further objects with the same bytes"),
        text("content_sha256", "SHA-256 of the bytes"),
        count("size_bytes", "size of the object"),
        Column("modified_at", pa.timestamp("ms", tz="UTC"), "when the object was last changed"),
        text("container", "media container"),
        text("codec", "audio codec"),
        count("sample_rate_hz", "sample rate of the source"),
        count("channels", "channels of the source"),
        ms("declared_duration_ms", "length that the container declares", nullable=True),
        ms("duration_ms", "time in: the decoded length, or the declared if none was decoded"),
        ms("decoded_duration_ms", "length that was decoded, with silence where times leave out"),
        ms("annotated_ms", "time that has answers"),
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
        count("clip_count", "clips"),
        count("segment_count", "segments"),
        text(
            "status",
            "annotated, partial (some answers failed), nothing_heard (all of it was skipped as"
            " silent or too short), waiting to be cut, or failed",
        ),
        FLAGS,
        text("segmentation_hash", "hash of the resolved segmentation"),
        RUN,
        ms(
            "estimated_duration_ms", "length by the bit rate, where none is declared", nullable=True
        ),
        ms(
            "start_offset_ms",
            "how long after the picture or another track it starts",
            nullable=True,
        ),
        Column(
            "gaps",
            pa.list_(
                pa.struct(
                    [
                        pa.field("start_ms", pa.int64(), nullable=False),
                        pa.field("duration_ms", pa.int64(), nullable=False),
                    ]
                )
            ),
            "silence that stands for what the container's times leave out; the first 1,000",
            nullable=True,
        ),
        ms("gap_ms", "length of all gaps", nullable=True),
        ms("lost_ms", "sound that could not be decoded, as far as it can be told", nullable=True),
        Column("notes", TEXTS, "words of the decoder, and how times were resolved", nullable=True),
        Column(
            "tracks",
            pa.list_(_TRACK),
            "audio tracks; speech_ms was measured of those that were not heard",
            nullable=True,
        ),
        Column(
            "heard_tracks",
            pa.list_(pa.int64()),
            "tracks that were heard; none: an earlier release cut it, and heard the first",
            nullable=True,
        ),
        Column(
            "heard_channels",
            pa.string(),
            "mix of all, each by itself, or the number of the one that was heard",
            nullable=True,
        ),
        Column(
            "heard_channel_count",
            pa.int64(),
            "how many channels were heard; annotated_ms counts a second once",
            nullable=True,
        ),
        Column(
            "date_rule",
            pa.string(),
            "what dated it: path, pattern, mtime, bwf, xmp or created",
            nullable=True,
        ),
        Column(
            "sound_sha256",
            pa.string(),
            "SHA-256 of the coded sound and its times: equal where only tags or container differ",
            nullable=True,
        ),
        Column(
            "taken_over_from",
            pa.string(),
            "recording of the same sound whose clips and answers these are, where it was not cut"
            " itself",
            nullable=True,
        ),
        Column(
            "part_uris",
            TEXTS,
            "the objects of its tracks in order, where these are several (OP-Atom); else none",
            nullable=True,
        ),
    ),
    ("recording_id",),
)

SEGMENTS = Table(
    "segments",
    2,
    "one row per segment, with its measured properties",
    (
        RECORDING,
        CLIP,
        text("segment_id", "segment of the clip"),
        START,
        END,
        ms("speech_ms", "time with speech in it"),
        Column(
            "starts_in_speech",
            pa.bool_(),
            "true: cut inside speech, as no pause was near; a word may stand on both sides",
            nullable=True,
        ),
        Column("loudness_lufs", pa.float64(), "integrated loudness (BS.1770)", nullable=True),
        Column("peak_dbfs", pa.float64(), "highest sample", nullable=True),
        Column("spectral_centroid_hz", pa.float64(), "mean brightness", nullable=True),
        text("status", "annotated, partial, failed or skipped"),
        text("skip_reason", "why it was skipped, else empty"),
        FLAGS,
        text("clip_uri", "FLAC object of the clip"),
        ms("clip_start_ms", "start of the clip, from the start of the recording"),
        text("segmentation_hash", "hash of the resolved segmentation"),
        RUN,
        _CHANNEL,
    ),
    ("recording_id", "start_ms", "end_ms", "channel"),
)

CAPTIONS = Table(
    "captions",
    4,
    "what is heard, in words",
    (*_ANSWER_COLUMNS, text("thinking", "reasoning before it"), text("text", "caption"), _CHANNEL),
    _ANSWER_ORDER,
)

TRANSCRIPTS = Table(
    "transcripts",
    4,
    "what is said",
    (
        *_ANSWER_COLUMNS,
        count("word_count", "words of the transcript, in any script"),
        text("text", "transcript; empty without speech"),
        _CHANNEL,
        Column(
            "language",
            pa.string(),
            "language of the text by ISO 639, likelier than any other; none where it is too short",
            nullable=True,
        ),
        Column(
            "language_probability",
            pa.float64(),
            "how likely that language is, from 0 to 1",
            nullable=True,
        ),
    ),
    _ANSWER_ORDER,
)

ANSWERS = Table(
    "answers",
    4,
    "answers to the configured questions",
    (
        *_ANSWER_COLUMNS,
        text("question", "question as it was asked"),
        Column("options", TEXTS, "options of a multiple-choice question, else empty"),
        text("choice", "the option that was chosen; empty if open or none was"),
        text("thinking", "reasoning before the answer"),
        text("text", "answer"),
        _CHANNEL,
    ),
    _ANSWER_ORDER,
)

FAILURES = Table(
    "failures",
    1,
    "what went wrong, one row per piece of work",
    (
        text("stage", "discover, segment, annotate"),
        text("object_uri", "object of the archive"),
        text("recording_id", "recording, if its bytes were read"),
        text("clip_id", "clip, else empty"),
        text("segment_id", "segment, else empty"),
        text("task_id", "task, else empty"),
        ms("start_ms", "start of what failed", nullable=True),
        ms("end_ms", "end of what failed", nullable=True),
        text("error_class", "kind of error"),
        text("message", "what happened and what to do"),
        count("attempts", "how often it was tried"),
        Column("permanent", pa.bool_(), "true: the input is at fault, a rerun does not try again"),
        RUN,
    ),
    ("stage", "object_uri", "clip_id", "segment_id", "task_id"),
)

RUNS = Table(
    "runs",
    3,
    "one row per run that published the partition",
    (
        RUN,
        text("source", "archive that was read"),
        Column("started_at", pa.timestamp("ms", tz="UTC"), "start of the run"),
        Column("published_at", pa.timestamp("ms", tz="UTC"), "when the partition was replaced"),
        count("recordings", "recordings of the partition"),
        count("failures", "failures of the partition"),
        ms("duration_ms", "time in, all recordings"),
        ms("annotated_ms", "time annotated"),
        ms("skipped_ms", "time skipped, all reasons"),
        count("answers_made", "answers that this run asked the model for"),
        text("model", "model"),
        text("weights_revision", "revision of its weights"),
        text("configuration", "resolved configuration, as JSON"),
        text("software_version", "version of af3-archive"),
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
        Column(
            "withdrawn",
            TEXTS,
            "objects of recordings that left the partition, gone from the archive or moved",
            nullable=True,
        ),
        Column(
            "replaced",
            pa.list_(
                pa.struct(
                    [
                        pa.field("what", pa.string(), nullable=False),
                        pa.field("before", pa.string(), nullable=False),
                        pa.field("after", pa.string(), nullable=False),
                        pa.field("recordings", pa.int64(), nullable=False),
                        pa.field("rows", pa.int64(), nullable=False),
                    ]
                )
            ),
            "rows of a task, or segments, that the run replaced by those of another model, cutting"
            " or prompt",
            nullable=True,
        ),
        Column(
            "passed_over",
            pa.list_(
                pa.struct(
                    [
                        pa.field("reason", pa.string(), nullable=False),
                        pa.field("objects", pa.int64(), nullable=False),
                    ]
                )
            ),
            "objects of the day that are no recordings, counted by reason",
            nullable=True,
        ),
        Column(
            "recordings_taken_over",
            pa.int64(),
            "recordings with the clips and answers of another one of the same sound",
            nullable=True,
        ),
        Column("taken_over_ms", pa.int64(), "time in, those recordings", nullable=True),
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
SHARDED_TABLES: tuple[Table, ...] = tuple(table for table in TABLES if table is not RUNS)
"""The tables that hold a recording's rows in the shard of its name; `runs` has one object a day."""
ANSWER_TABLES = tuple(table.name for table in (CAPTIONS, TRANSCRIPTS, ANSWERS))
"""The tables whose rows are answers of the model."""
