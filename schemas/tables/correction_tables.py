"""The table of corrections: what people said of the model's answers, also what was undone."""

from __future__ import annotations

import pyarrow as pa

from schemas.tables.columns import END, RECORDING, START, Column, Table, text

CORRECTIONS = Table(
    "corrections",
    1,
    "one row per correction by a person; the views corrected_… show what counts",
    (
        text("correction_id", "correction"),
        text("batch_id", "batch: what one person said at once"),
        RECORDING,
        text("content_sha256", "SHA-256 of the recording's bytes"),
        text("source", "table of the answer: captions, transcripts or answers"),
        text("task_id", "task of the answer"),
        START,
        END,
        Column("channel", pa.int64(), "channel of the answer, from 0; else none", nullable=True),
        text("kind", "text, empty, choice, wrong, right, flag_set or flag_lifted"),
        text("aspect", "value, or flag: and its name; of two of one aspect the later counts"),
        text("old_value", "what the model had given when it was corrected"),
        text("new_value", "text, option or flag; else empty"),
        Column("new_word_count", pa.int64(), "words of a text, in any script", nullable=True),
        text("reason", "why, in the person's words"),
        text("corrected_by", "who"),
        Column("corrected_at", pa.timestamp("ms", tz="UTC"), "when"),
        Column("undone_by", pa.string(), "who undid it; none where it counts", nullable=True),
        Column("undone_at", pa.timestamp("ms", tz="UTC"), "when it was undone", nullable=True),
    ),
    ("recording_id", "start_ms", "end_ms", "task_id", "corrected_at", "correction_id"),
)
