"""Answers as an editor meets them: the model's words, what people said of them, and the place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb

from beam_jobs.browse.data.archive_tables import Place, Row, rows_of
from beam_jobs.browse.data.clips import PlacedClip, audio_of, clips_of
from beam_jobs.browse.pages.cards import file_name
from beam_jobs.output.json_values import as_json
from beam_jobs.search.documents import Partition
from schemas.tables.night_tables import ANSWER_TABLES

_COLUMNS = (
    *("corpus", "CAST(date AS VARCHAR) AS date", "recording_id", "clip_id", "segment_id"),
    *("task_id", "start_ms", "end_ms", "channel", "model", "mean_logprob"),
    *("text", "original_text", "flags", "original_flags"),
    *("correction", "correction_id", "corrected_by", "corrected_at", "correction_fits"),
)
_ASKED = ("question", "options", "choice", "original_choice")
_NOT_ASKED = ("''", "CAST([] AS VARCHAR[])", "''", "''")


def _select(table: str) -> str:
    asked = _ASKED if table == "answers" else _NOT_ASKED
    listed = [*_COLUMNS, *(f"{of} AS {name}" for of, name in zip(asked, _ASKED, strict=True))]
    return f"SELECT '{table}' AS source, {', '.join(listed)} FROM corrected_{table}"


ANSWERS_AS_CORRECTED = "\n  UNION ALL\n  ".join(map(_select, ANSWER_TABLES))
"""All answers, with the corrections that are shown; views of the tables of `ITEM_TABLES`."""
PLACE = ("recording_id", "source", "task_id", "start_ms", "end_ms", "channel")
"""The columns that name an answer's place, as `Correction.place` does."""


def items_of_recording(connection: duckdb.DuckDBPyConnection, place: Place) -> list[dict[str, Any]]:
    """The answers of a recording in the order of time; the views are of its shards alone."""
    sql = (
        # unmaterialised, the planner takes seconds to push the filter through all views
        f"WITH a AS MATERIALIZED ({ANSWERS_AS_CORRECTED}) SELECT * FROM a"
        " WHERE recording_id = $recording AND corpus = $corpus AND date = $date"
        " ORDER BY start_ms, end_ms, source, task_id"
    )
    day = place.partition
    values = {"recording": place.recording_id, "corpus": day.corpus, "date": day.date}
    return items_of(rows_of(connection, sql, values))


def items_of(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows of `ANSWERS_AS_CORRECTED` as the page has them; of several at a place the last."""
    return list({item["key"]: item for item in map(_item, rows)}.values())


def blind(item: dict[str, Any]) -> dict[str, Any]:
    """An answer without what others said of it: who judges a sample must not be led. Pure."""
    return item | {
        "text": item["original_text"],
        "choice": item["original_choice"],
        "flags": item["original_flags"],
        "correction": None,
    }


def key_of(place: Iterable[Any]) -> str:
    """The name of an answer's place, without its recording: source, task, times, channel."""
    return "|".join("" if part is None else str(part) for part in place)


def with_sound(
    connection: duckdb.DuckDBPyConnection, items: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Answers of many recordings with where each is heard, and the name of its file."""
    listed = list(items)
    wanted = sorted({item["recording_id"] for item in listed})
    if not wanted:
        return []
    clips = clips_of(connection, wanted)
    names = rows_of(
        connection,
        "SELECT corpus, CAST(date AS VARCHAR) AS date, recording_id, object_uri FROM recordings"
        " WHERE recording_id IN (SELECT unnest($recordings))",
        {"recordings": wanted},
    )
    uris = {(row["corpus"], row["date"], row["recording_id"]): row["object_uri"] for row in names}
    return [_sounding(item, clips, uris) for item in listed]


def _sounding(
    item: dict[str, Any],
    clips: dict[Place, list[PlacedClip]],
    uris: dict[tuple[str, str, str], str],
) -> dict[str, Any]:
    where = (item["corpus"], item["date"], item["recording_id"])
    place = Place(Partition(*where[:2]), where[2])
    return item | {
        "file_name": file_name(uris.get(where, "")),
        "audio": audio_of(clips.get(place, []), item["start_ms"], item["end_ms"]),
    }


def _item(row: Row) -> dict[str, Any]:
    shown = {name: as_json(value) for name, value in row.items()}
    said = {
        "kind": shown.pop("correction"),
        "id": shown.pop("correction_id"),
        "by": shown.pop("corrected_by"),
        "at": shown.pop("corrected_at"),
        "fits": shown.pop("correction_fits"),
    }
    return shown | {
        "key": key_of(row[name] for name in PLACE[1:]),
        "correction": said if said["id"] else None,
    }
