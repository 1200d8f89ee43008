"""The table of words: when each word of a transcript is spoken."""

from __future__ import annotations

import pyarrow as pa

from schemas.tables.columns import (
    CLIP,
    END,
    FLAGS,
    GENERATED_AT,
    RECORDING,
    RUN,
    SEGMENT,
    START,
    Column,
    Table,
    count,
    number,
    text,
)
from schemas.tables.night_tables import TRANSCRIPTS

_CHANNEL = next(column for column in TRANSCRIPTS.columns if column.name == "channel")

WORDS = Table(
    "words",
    1,
    "when each word of a transcript is spoken",
    (
        RECORDING,
        CLIP,
        SEGMENT,
        text("task_id", "task whose transcript it is of"),
        START,
        END,
        count("position", "number of the word in its transcript, from 0"),
        text("word", "the word as it is written, with the marks that touch it"),
        text("normalised", "the word in lower case, without outer marks"),
        count("start_char", "where it starts in the transcript's text, in code points"),
        count("end_char", "where it ends there"),
        number(
            "confidence",
            "that it is spoken there, 0 to 1; missing where its time is estimated",
        ),
        text("method", "pocketsphinx, ctc or attention; interpolation where its time is estimated"),
        text("aligner", "aligner that was asked"),
        text("aligner_revision", "of its weights (and heads) or package; empty of interpolation"),
        _CHANNEL,
        Column(
            "speaker",
            pa.string(),
            "missing: the view spoken_words has who says it, by the turns of now",
            nullable=True,
        ),
        FLAGS,
        RUN,
        GENERATED_AT,
    ),
    ("recording_id", "start_ms", "end_ms", "task_id", "segment_id", "position", "channel"),
)
