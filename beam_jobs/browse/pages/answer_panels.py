"""What the model said of a stretch, as the pages show it: text, doubts, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from af3core.alignment.timed_text import timed_text
from beam_jobs.browse.data.archive_tables import Row, rows_of
from beam_jobs.output.json_values import as_json

Stretch = tuple[str, str, str, str, int, int]
"""Corpus, date, recording, segment (empty for a clip), start and end."""

_PROVENANCE = (
    "model",
    "weights_revision",
    "engine",
    "task_hash",
    "prompt_id",
    "run_id",
    "generated_at",
)
_ASKED = ("task_id", "question", "options", "choice", "text", "thinking")
_COMMON = ("recording_id", "segment_id", "start_ms", "end_ms", "task_id", "mean_logprob", "flags")
_COLUMNS = {
    "captions": ("text", "thinking"),
    "transcripts": ("text",),
    "answers": ("question", "options", "choice", "thinking", "text"),
}
_WORD = (
    *("recording_id", "segment_id", "task_id", "start_ms", "end_ms", "start_char", "end_char"),
    *("word", "confidence", "flags"),
)
ANSWERED = tuple(_COLUMNS)
"""The tables of answers."""
PANEL_TABLES = (*ANSWERED, "words")
"""The tables that `said_of` reads."""


@dataclass
class StretchAnswers:
    """All that the model said of one stretch."""

    caption: dict[str, Any] | None = None
    transcript: dict[str, Any] | None = None
    thinking: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    transcript_task: str = ""

    @property
    def context(self) -> tuple[str, str]:
        """The field and the text that tell most about the stretch."""
        for name, told in (("transcript", self.transcript), ("caption", self.caption)):
            if told and told["text"]:
                return name, told["text"]
        texts = (answer["choice"] or answer["text"] for answer in self.answers)
        return "answers", "\n".join(filter(None, texts))


def said_of(
    connection: duckdb.DuckDBPyConnection,
    recordings: Iterable[str],
    segments: Sequence[str] | None = None,
) -> dict[Stretch, StretchAnswers]:
    """What was said of the stretches of recordings.

    Args:
        connection: with views of `PANEL_TABLES`.
        recordings: whose rows are read.
        segments: the only ones wanted, the empty name for clips; None is all.
    """
    found: dict[Stretch, StretchAnswers] = {}
    only = "" if segments is None else " AND segment_id IN (SELECT unnest($segments))"
    values: dict[str, Any] = {"recordings": sorted(set(recordings))}
    if segments is not None:
        values["segments"] = sorted(set(segments))
    for table, columns in _COLUMNS.items():
        listed = ", ".join(dict.fromkeys((*_COMMON, *columns, *_PROVENANCE)))
        sql = (
            f"SELECT corpus, CAST(date AS VARCHAR) AS date, {listed} FROM {table}"
            f" WHERE recording_id IN (SELECT unnest($recordings)){only}"
            " ORDER BY start_ms, end_ms, task_id, task_hash"
        )
        for row in rows_of(connection, sql, values):
            said = found.setdefault(stretch_of(row), StretchAnswers())
            said.flags.update(row["flags"])
            _add(said, table, row)
    _add_word_times(found, connection, only, values)
    return found


def _add_word_times(
    found: Mapping[Stretch, StretchAnswers],
    connection: duckdb.DuckDBPyConnection,
    only: str,
    values: Mapping[str, Any],
) -> None:
    """Give transcripts the times of their words, as code points and milliseconds; none where no
    word of them was found in the sound.
    """
    sql = (
        f"SELECT corpus, CAST(date AS VARCHAR) AS date, {', '.join(_WORD)} FROM words"
        f" WHERE recording_id IN (SELECT unnest($recordings)){only} ORDER BY position, start_ms"
    )
    words: dict[tuple[str, ...], list[Row]] = {}
    for row in rows_of(connection, sql, dict(values)):
        of = (row["corpus"], row["date"], row["recording_id"], row["segment_id"], row["task_id"])
        words.setdefault(of, []).append(row)
    for (*names, start_ms, end_ms), said in found.items():
        if said.transcript is None:
            continue
        mine = words.get((*names, said.transcript_task), [])
        if not names[-1]:  # of whole clips: those of this one
            mine = [row for row in mine if start_ms <= row["start_ms"] < end_ms]
        text = {"text": said.transcript["text"], "start_ms": start_ms, "end_ms": end_ms}
        timed = timed_text(text, mine, []) if mine else []
        is_found = not all(word.is_estimated for word in timed)
        said.transcript["words"] = [
            [word.start_char, word.end_char, word.start_ms, word.end_ms]
            for word in timed
            if is_found
        ]


def stretch_of(row: Mapping[str, Any]) -> Stretch:
    """The stretch that a row is about."""
    return (
        row["corpus"],
        row["date"],
        row["recording_id"],
        row["segment_id"],
        row["start_ms"],
        row["end_ms"],
    )


def _add(said: StretchAnswers, table: str, row: Row) -> None:
    shown = {
        "text": row["text"],
        "flags": row["flags"],
        "mean_logprob": as_json(row["mean_logprob"]),
        "provenance": {name: as_json(row[name]) for name in _PROVENANCE},
    }
    if table == "answers":
        said.answers.append({name: row[name] for name in _ASKED} | shown)
    elif table == "captions" and said.caption is None:
        said.caption, said.thinking = shown, row["thinking"] or ""
    elif table == "transcripts" and said.transcript is None:
        said.transcript, said.transcript_task = shown, row["task_id"]
