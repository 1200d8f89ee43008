"""The table of corrections: what people said of the model's rows, also what was undone."""

from __future__ import annotations

import pyarrow as pa

from schemas.tables.columns import END, RECORDING, START, Column, Table, ms, text

CORRECTIONS = Table(
    "corrections",
    2,
    "one row per correction by a person; the views corrected_… show what counts",
    (
        text("correction_id", "correction"),
        text("batch_id", "batch: what one person said at once"),
        RECORDING,
        text("content_sha256", "SHA-256 of the recording's bytes"),
        text("source", "table of the row, such as captions, transcripts or events"),
        text("task_id", "task of the answer; else empty"),
        START,
        END,
        Column("channel", pa.int64(), "channel of the answer, from 0; else none", nullable=True),
        text("kind", "text, empty, choice, name, times, wrong, right, flag_set or flag_lifted"),
        text("aspect", "value, times, or flag: and its name; of two of one aspect one is shown"),
        text("old_value", "what the model had given when it was corrected"),
        text("new_value", "text, option, name, times in ms or flag; else empty"),
        Column("new_word_count", pa.int64(), "words of a text, in any script", nullable=True),
        text("reason", "why, in the person's words"),
        text("corrected_by", "who"),
        Column("corrected_at", pa.timestamp("ms", tz="UTC"), "when"),
        Column("undone_by", pa.string(), "who undid it; none where it counts", nullable=True),
        Column("undone_at", pa.timestamp("ms", tz="UTC"), "when it was undone", nullable=True),
        ms("new_start_ms", "start that a person gave", nullable=True),
        ms("new_end_ms", "end that a person gave", nullable=True),
        Column(
            "sound_sha256",
            pa.string(),
            "of the recording's sound: the correction is of all recordings that have it",
            nullable=True,
        ),
        Column("settled_by", pa.string(), "who said last that it holds", nullable=True),
        Column("settled_at", pa.timestamp("ms", tz="UTC"), "when that was said", nullable=True),
        Column(
            "settled_value",
            pa.string(),
            "what its row said then: the correction is of that too",
            nullable=True,
        ),
    ),
    ("recording_id", "start_ms", "end_ms", "task_id", "corrected_at", "correction_id"),
)
