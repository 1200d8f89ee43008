"""The tables of speakers: who speaks from when to when, and the voices of a corpus."""

from __future__ import annotations

import pyarrow as pa

from schemas.tables.columns import (
    END,
    GENERATED_AT,
    RECORDING,
    RUN,
    START,
    Column,
    Table,
    count,
    ms,
    number,
    text,
)
from schemas.tables.night_tables import TRANSCRIPTS

_CHANNEL = next(column for column in TRANSCRIPTS.columns if column.name == "channel")
_ENCODER = (
    text("encoder", "encoder of voices; empty where each channel is a speaker"),
    text("encoder_revision", "revision of its weights"),
)

SPEAKER_TURNS = Table(
    "speaker_turns",
    1,
    "who speaks from when to when",
    (
        RECORDING,
        START,
        END,
        _CHANNEL,
        count("voice", "number of the voice in its recording, from 1"),
        Column(
            "speaker",
            pa.string(),
            "identity of the voice in its corpus; missing where it was not compared with others",
            nullable=True,
        ),
        number(
            "confidence",
            "that it is this voice and no other of the recording, 0 to 1; missing where its channel"
            " says so",
        ),
        Column("is_overlap", pa.bool_(), "another voice speaks in the same time"),
        *_ENCODER,
        text("turns_id", "identity of the recording's turns: of its clips, the encoder, the rules"),
        RUN,
        GENERATED_AT,
    ),
    ("recording_id", "start_ms", "end_ms", "voice", "channel"),
)

SPEAKERS = Table(
    "speakers",
    1,
    "one row per voice of a corpus, in the day on which it is first heard",
    (
        text("speaker", "identity of the voice; it stays when recordings come or go"),
        Column("name", pa.string(), "name that a person gave the voice", nullable=True),
        count("recording_count", "recordings that it is heard in"),
        count("turn_count", "its turns in them"),
        ms("speech_ms", "length of these turns"),
        Column("last_date", pa.date32(), "archive day on which it is last heard", nullable=True),
        text("example_recording_id", "recording with its longest turn"),
        ms("example_start_ms", "start of that turn: listen there before you name it"),
        ms("example_end_ms", "end of that turn"),
        *_ENCODER,
        RUN,
        GENERATED_AT,
    ),
    ("speaker",),
)
