"""A recording as a whole: what is known of it, in the order of its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import duckdb

from af3core.alignment.quoted import time_of_quote
from beam_jobs.browse.data.archive_tables import (
    ArchiveTables,
    Place,
    Row,
    partition_of_key,
    place_of,
    rows_of,
    source_of,
)
from beam_jobs.browse.data.clips import PlacedClip, audio_of, clips_of
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.browse.pages.answer_panels import (
    PANEL_TABLES,
    Stretch,
    StretchAnswers,
    said_of,
    stretch_of,
)
from beam_jobs.browse.pages.cards import file_name
from beam_jobs.output.json_values import as_json
from beam_jobs.search.documents import Partition

_TABLES = (
    "recordings",
    "segments",
    *PANEL_TABLES,
    "chapters",
    "summaries",
    "findings",
    "failures",
)
_SEGMENT = (
    "segment_id",
    "clip_id",
    "start_ms",
    "end_ms",
    "speech_ms",
    "loudness_lufs",
    "status",
    "skip_reason",
)
WordTimesKnown = Literal["found", "partly estimated", "estimated", "no words"]
_ALIGNED = """
SELECT (
        SELECT count(*) FROM {transcripts} WHERE recording_id = $recording AND text <> ''
    ) AS written,
    (SELECT count(*) FROM (SELECT 1 FROM {words} w JOIN {transcripts} t
        USING (corpus, date, recording_id, task_id, clip_id, segment_id)
    WHERE recording_id = $recording GROUP BY task_id, clip_id, segment_id
    HAVING count(w.confidence) > 0 AND NOT bool_or('text_too_long' IN w.flags)
        AND bool_and(substr(t.text, start_char + 1, end_char - start_char) = word))) AS aligned
"""
"""Transcripts with a text, and those whose words were found: `af3core.alignment.timed_text`."""
_CITATION = ("start_ms", "end_ms", "quote")


def recording_page(
    tables: ArchiveTables, recording_id: str, corpus: str, date: str
) -> dict[str, Any]:
    """What the page of a recording shows.

    Args:
        tables: of the archive.
        recording_id: which recording.
        corpus, date: where it is looked for; empty is everywhere, the newest day wins.

    Raises:
        Refusal: there is no such recording.
    """
    place = find_recording(tables, recording_id, corpus, date)
    if place is None:
        raise Refusal(404, f"recording {recording_id}: not in the tables")
    stamps = tables.stamps_of_places(_TABLES, [place])
    return tables.read(stamps, lambda connection: _page(connection, place))


def segment_words(
    tables: ArchiveTables, recording_id: str, corpus: str, date: str, segments: Sequence[str]
) -> dict[str, list[list[int]]]:
    """The words of the transcripts of some segments with their times, as `StretchAnswers.words`.

    Raises:
        Refusal: there is no such recording.
    """
    place = find_recording(tables, recording_id, corpus, date)
    if place is None:
        raise Refusal(404, f"recording {recording_id}: not in the tables")
    stamps = tables.stamps_of_places(PANEL_TABLES, [place])
    said = tables.read(stamps, lambda connection: said_of(connection, [recording_id], segments))
    return {segment: told.words for (*_, segment, _, _), told in said.items() if told.transcript}


def find_recording(
    tables: ArchiveTables, recording_id: str, corpus: str, date: str
) -> Place | None:
    """The newest place of a recording; in a corpus or a day where they are named.

    Raises:
        Refusal: it is withdrawn.
    """
    if place_of(corpus or "any", date or "2000-01-01", recording_id) is None:
        return None
    days = {
        day
        for day in map(partition_of_key, tables.stamps(["recordings"], corpus))
        if not date or day.date == date
    }
    if len({day.corpus for day in days}) == 1:
        tables.refuse_withdrawn(Place(next(iter(days)), recording_id))
    stamps = tables.stamps_of_places(["recordings"], [Place(day, recording_id) for day in days])
    sql = (
        "SELECT corpus, CAST(date AS VARCHAR) AS date FROM recordings"
        " WHERE recording_id = $recording ORDER BY date DESC, corpus LIMIT 1"
    )
    rows = tables.read(
        stamps, lambda c: rows_of(c, sql, {"recording": recording_id}), ["recordings"]
    )
    return Place(Partition(**rows[0]), recording_id) if rows else None


def _page(connection: duckdb.DuckDBPyConnection, place: Place) -> dict[str, Any]:
    recording_id = place.recording_id
    [recording] = _rows(connection, "recordings", recording_id, "recording_id")
    segments = _rows(connection, "segments", recording_id, "start_ms, end_ms")
    clips = clips_of(connection, [recording_id]).get(place, [])
    said = said_of(connection, [recording_id], with_times=False)
    summaries = _rows(connection, "summaries", recording_id, "recording_id")
    events = _rows(connection, "events", recording_id, "start_ms, end_ms")
    chapters = _rows(connection, "chapters", recording_id, "start_ms, chapter")
    findings = _rows(connection, "findings", recording_id, "question_id")
    failures = _rows(connection, "failures", recording_id, "stage, start_ms, task_id")
    return {
        "recording": as_json(recording) | {"file_name": file_name(recording["object_uri"])},
        "segments": [_segment(row, said, clips) for row in segments],
        "clips": [_clip(clip) for clip in clips],
        "clip_answers": _of_clips(said),
        "word_times": _word_times(connection, recording_id),
        "events": [_some(row, "start_ms", "end_ms", "kind", "label") for row in events],
        "chapters": [_some(row, "start_ms", "end_ms", "title", "summary") for row in chapters],
        "summary": summaries[0]["summary"] if summaries else None,
        "findings": _findings(connection, recording_id, findings),
        "failures": [as_json(row) for row in failures],
    }


def _rows(
    connection: duckdb.DuckDBPyConnection, table: str, recording_id: str, order: str
) -> list[Row]:
    sql = (
        f"SELECT * REPLACE (CAST(date AS VARCHAR) AS date) FROM {source_of(connection, table)}"
        f" WHERE recording_id = $recording ORDER BY {order}"
    )
    return rows_of(connection, sql, {"recording": recording_id})


def _segment(
    row: Row, said: dict[Stretch, StretchAnswers], clips: list[PlacedClip]
) -> dict[str, Any]:
    told = said.get(stretch_of(row), StretchAnswers())
    return _some(row, *_SEGMENT) | {
        "flags": sorted({*row["flags"], *told.flags}),
        "audio": audio_of(clips, row["start_ms"], row["end_ms"]),
        "caption": told.caption,
        "transcript": told.transcript,
        "answers": told.answers,
    }


def _clip(clip: PlacedClip) -> dict[str, Any]:
    return {
        "clip_id": clip.clip_id,
        "url": clip.url,
        "start_ms": clip.start_ms,
        "end_ms": clip.end_ms,
    }


def _of_clips(said: dict[Stretch, StretchAnswers]) -> list[dict[str, Any]]:
    """Captions and transcripts of whole clips are answers to a task too."""
    shown = []
    for (*_, clip_id, segment_id, start_ms, end_ms), told in said.items():
        if segment_id:
            continue
        times = {"clip_id": clip_id, "start_ms": start_ms, "end_ms": end_ms}
        shown += [times | answer for answer in told.answers]
        for task_id, answer in (("caption", told.caption), ("transcript", told.transcript)):
            if answer is not None:
                shown.append(times | {"task_id": task_id, "question": "", "options": []} | answer)
    return sorted(
        shown, key=lambda answer: (answer["start_ms"], answer["clip_id"], answer["task_id"])
    )


def _word_times(connection: duckdb.DuckDBPyConnection, recording_id: str) -> WordTimesKnown:
    """How the times of words are known: found in all transcripts, in some of them, in none."""
    shown = {name: source_of(connection, name) for name in ("transcripts", "words")}
    [row] = rows_of(connection, _ALIGNED.format(**shown), {"recording": recording_id})
    if not row["written"]:
        return "no words"
    if not row["aligned"]:
        return "estimated"
    return "found" if row["aligned"] >= row["written"] else "partly estimated"


def _findings(
    connection: duckdb.DuckDBPyConnection, recording_id: str, rows: Sequence[Row]
) -> list[dict[str, Any]]:
    segments = {cited["segment_id"] for row in rows for cited in row["citations"] or ()}
    said = said_of(connection, [recording_id], sorted(segments)) if segments else {}
    return [
        _some(row, "question", "answer")
        | {"citations": [_citation(cited, said) for cited in row["citations"] or ()]}
        for row in rows
    ]


def _citation(cited: Row, said: Mapping[Stretch, StretchAnswers]) -> dict[str, Any]:
    """What a finding rests on; a quote of a transcript with the time at which it is said."""
    shown = _some(cited, *_CITATION) | {"said_ms": None, "said_is_estimated": False}
    wanted = (cited["segment_id"], cited["start_ms"], cited["end_ms"])
    for (*_, segment_id, start_ms, end_ms), told in said.items():
        if (segment_id, start_ms, end_ms) != wanted or told.transcript is None:
            continue
        found = time_of_quote(cited["quote"], told.transcript["text"], told.times)
        if found is not None:
            return shown | {"said_ms": found.start_ms, "said_is_estimated": found.is_estimated}
    return shown


def _some(row: Row, *names: str) -> dict[str, Any]:
    return {name: as_json(row[name]) for name in names}
