"""The table of spoken descriptions."""

from __future__ import annotations

import pyarrow as pa

from schemas.tables.columns import (
    FLAGS,
    GENERATED_AT,
    RECORDING,
    RUN,
    Column,
    Table,
    ms,
    number,
    text,
)

DESCRIPTIONS = Table(
    "descriptions",
    2,
    "spoken descriptions of recordings, for who listens rather than reads",
    (
        RECORDING,
        text("description_id", "identity of the text, the voice, its speaker and its speed"),
        text("text", "what is spoken: name, day and length, summary, chapters with their times"),
        text("voice", "voice and speaker"),
        text("backend", "espeak, vits or pocket_tts"),
        text("voice_revision", "hub commit, hash of the voice's files, or version of its package"),
        Column(
            "speaker_revision",
            pa.string(),
            "hash of the recording of the speaker; missing for a speaker of the voice's own",
            nullable=True,
        ),
        number("speed", "2 is twice as fast as the voice's own"),
        text("sound_uri", "Opus object (Ogg), below the folder of the tables"),
        ms("duration_ms", "length of the speech"),
        number("first_audio_ms", "from the text to the first chunk of speech, when it was made"),
        number("real_time_factor", "time to speak it over its length; below 1 is faster"),
        FLAGS,
        RUN,
        GENERATED_AT,
    ),
    ("recording_id", "description_id"),
)
