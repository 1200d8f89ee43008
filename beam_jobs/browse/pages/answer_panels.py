"""What the model said of a stretch, as the pages show it: text, doubts, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from af3core.alignment.timed_text import TimedTextWord, WordTimes
from beam_jobs.browse.data.archive_tables import Row, rows_of, source_of
from beam_jobs.framework.corrected_rows import has_corrected_flags, has_corrected_value
from beam_jobs.output.json_values import as_json

Stretch = tuple[str, str, str, str, str, int, int]
"""Corpus, date, recording, clip, segment (empty for the whole clip), start and end.

Channels that are heard apart have clips of their own, at the same times.
"""

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
_PLACE = ("recording_id", "clip_id", "segment_id", "start_ms", "end_ms")
_COMMON = (*_PLACE, "task_id", "mean_logprob", "flags")
_COLUMNS = {
    "captions": ("text", "thinking"),
    "transcripts": ("text",),
    "answers": ("question", "options", "choice", "thinking", "text"),
}
_BY_PERSON = ("original_text", "original_flags", "correction", "corrected_by", "corrected_at")
_CORRECTED = {
    "captions": _BY_PERSON,
    "transcripts": _BY_PERSON,
    "answers": (*_BY_PERSON, "original_choice"),
}
"""What people corrected, where they corrected anything."""
_WORD = (
    *("clip_id", "segment_id", "task_id", "start_ms", "end_ms", "start_char", "end_char"),
    *("position", "word", "confidence", "speaker", "flags"),
)
_NOT_KNOWN = WordTimes((), ())
_IS_SPEECH = " AND kind = 'speech'"
_SPEECH = ("clip_id", "kind", "start_ms", "end_ms")
ANSWERED = tuple(_COLUMNS)
"""The tables of answers."""
PANEL_TABLES = (*ANSWERED, "words", "events")
"""The tables that `said_of` reads."""


@dataclass
class StretchAnswers:
    """All that the model said of one stretch."""

    caption: dict[str, Any] | None = None
    transcript: dict[str, Any] | None = None
    thinking: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    times: tuple[TimedTextWord, ...] = ()

    @property
    def words(self) -> list[list[int]]:
        """The words of the transcript: from and to in code points, from and to in milliseconds, and
        a 1 where that time is an estimate.
        """
        return [_word(word) for word in self.times]

    @property
    def context(self) -> tuple[str, str]:
        """The field and the text that tell most about the stretch."""
        for name, told in (("transcript", self.transcript), ("caption", self.caption)):
            if told and told["text"]:
                return name, told["text"]
        texts = (answer["choice"] or answer["text"] for answer in self.answers)
        return "answers", "\n".join(filter(None, texts))

    def holds(self, field: str, text: str) -> bool:
        """Whether a text of this field has these words."""
        told = {"transcript": [self.transcript], "caption": [self.caption]}.get(field, self.answers)
        texts = (each[key] for each in told if each for key in ("text", "choice") if key in each)
        return any(text in each for each in texts)


def said_of(
    connection: duckdb.DuckDBPyConnection,
    recordings: Iterable[str],
    segments: Sequence[str] | None = None,
    with_times: bool = True,
) -> dict[Stretch, StretchAnswers]:
    """What was said of the stretches of recordings.

    Args:
        connection: with views of `PANEL_TABLES`.
        recordings: whose rows are read.
        segments: the only ones wanted, the empty name for clips; None is all.
        with_times: with those of the words of transcripts.
    """
    found: dict[Stretch, StretchAnswers] = {}
    only = "" if segments is None else " AND segment_id IN (SELECT unnest($segments))"
    values: dict[str, Any] = {"recordings": sorted(set(recordings))}
    if segments is not None:
        values["segments"] = sorted(set(segments))
    times = _times_of_words(connection, values, only) if with_times else None
    for table, columns in _COLUMNS.items():
        source = source_of(connection, table)
        beside = _CORRECTED[table] if source != table else ()
        listed = ", ".join(dict.fromkeys((*_COMMON, *columns, *_PROVENANCE, *beside)))
        sql = (
            f"SELECT corpus, CAST(date AS VARCHAR) AS date, {listed} FROM {source}"
            f" WHERE recording_id IN (SELECT unnest($recordings)){only}"
            " ORDER BY start_ms, end_ms, task_id, task_hash"
        )
        for row in rows_of(connection, sql, values):
            said = found.setdefault(stretch_of(row), StretchAnswers())
            said.flags.update(row["flags"])
            is_first = said.transcript is None
            _add(said, table, row)
            if times is not None and table == "transcripts" and is_first:
                day = times.get((row["corpus"], row["date"]), _NOT_KNOWN)
                said.times = tuple(day.of(row))
    return found


def _times_of_words(
    connection: duckdb.DuckDBPyConnection, values: Mapping[str, Any], only: str
) -> dict[tuple[str, str], WordTimes]:
    """The times of words of transcripts, by corpus and day."""
    every = {"recordings": values["recordings"]}
    asked = (("words", _WORD, only, values), ("events", _SPEECH, _IS_SPEECH, every))
    days: dict[tuple[str, str], tuple[list[Row], list[Row]]] = {}
    for place, (table, columns, more, given) in enumerate(asked):
        sql = (
            f"SELECT corpus, CAST(date AS VARCHAR) AS date, {', '.join(columns)}"
            f" FROM {source_of(connection, table)}"
            f" WHERE recording_id IN (SELECT unnest($recordings)){more}"
        )
        for row in rows_of(connection, sql, dict(given)):
            days.setdefault((row["corpus"], row["date"]), ([], []))[place].append(row)
    return {day: WordTimes(*rows) for day, rows in days.items()}


def stretch_of(row: Mapping[str, Any]) -> Stretch:
    """The stretch that a row is about."""
    return (
        row["corpus"],
        row["date"],
        row["recording_id"],
        row["clip_id"],
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
    if row.get("correction"):
        shown["corrected"] = _corrected(row)
    if table == "answers":
        said.answers.append({name: row[name] for name in _ASKED} | shown)
    elif table == "captions" and said.caption is None:
        said.caption, said.thinking = shown, row["thinking"] or ""
    elif table == "transcripts" and said.transcript is None:
        said.transcript = shown


def _corrected(row: Row) -> dict[str, Any]:
    """Who corrected an answer, and what the model had said: none where that stands."""
    original = row.get("original_choice") or row["original_text"]
    return {
        "kind": row["correction"],
        "by": row["corrected_by"],
        "at": as_json(row["corrected_at"]),
        "original": original if has_corrected_value(row) else None,
        "original_flags": row["original_flags"] if has_corrected_flags(row) else None,
    }


def _word(word: TimedTextWord) -> list[int]:
    known = [word.start_char, word.end_char, word.start_ms, word.end_ms]
    return [*known, 1] if word.is_estimated or word.is_doubtful else known
