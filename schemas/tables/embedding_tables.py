"""The tables of vectors: where segments and texts lie among all."""

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
    text,
)

_VECTOR = pa.list_(pa.float32())

EMBEDDINGS = Table(
    "embeddings",
    1,
    "where each annotated segment lies among all: by its sound, and by its caption",
    (
        RECORDING,
        CLIP,
        SEGMENT,
        START,
        END,
        Column(
            "audio_embedding",
            _VECTOR,
            "AF-Whisper's states, averaged over time, of length 1; missing from a served model",
            nullable=True,
        ),
        text("audio_model", "model and revision of the audio embedding, else empty"),
        text("caption", "caption that was embedded; empty where there is none"),
        Column(
            "caption_embedding",
            _VECTOR,
            "the caption's embedding, of length 1; missing where there is no caption",
            nullable=True,
        ),
        text("text_model", "model and revision of the caption's embedding"),
        FLAGS,
        RUN,
        GENERATED_AT,
    ),
    ("recording_id", "start_ms", "end_ms"),
)

TEXT_EMBEDDINGS = Table(
    "text_embeddings",
    1,
    "where texts that are searched lie among all: one row per segment, clip, chapter, recording",
    (
        RECORDING,
        text("kind", "segment, clip, chapter or recording"),
        SEGMENT,
        START,
        END,
        text("text_hash", "hash of the text that was embedded"),
        Column("text_embedding", _VECTOR, "the text's embedding, of length 1"),
        text("text_model", "model and revision of the embedding"),
        RUN,
        GENERATED_AT,
    ),
    ("recording_id", "kind", "start_ms", "end_ms", "segment_id"),
)
