"""Hits with all that a reader wants to see of them: sound, texts, doubts, where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from beam_jobs.browse.data.archive_tables import ArchiveTables, Place, Row, rows_of
from beam_jobs.browse.data.clips import PlacedClip, audio_of, clips_of, spectrogram_url
from beam_jobs.browse.pages.answer_panels import PANEL_TABLES, Stretch, StretchAnswers, said_of
from beam_jobs.search.documents import Partition
from beam_jobs.search.search_request import Hit

_CONTEXT_CHARACTERS = 240


def cards_of(tables: ArchiveTables, hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """A card per hit, in their order.

    Only the shards that hold the hits' recordings are read. What the tables no longer hold, as the
    index is behind them, is a card without audio.
    """
    if not hits:
        return []
    places = [place_of_hit(hit) for hit in hits]
    recordings = {place.recording_id for place in places}
    stamps = tables.stamps_of_places(("recordings", "segments", *PANEL_TABLES), places)
    segments = [hit.segment_id for hit in hits if hit.kind in ("segment", "clip")]

    def ask(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
        durations = _durations(connection, recordings)
        clips = clips_of(connection, recordings)
        said = said_of(connection, recordings, segments) if segments else {}
        return [
            _card(hit, place, durations.get(place), clips.get(place, []), _told(hit, said))
            for hit, place in zip(hits, places, strict=True)
        ]

    return tables.read(stamps, ask)


def place_of_hit(hit: Hit) -> Place:
    """The recording that a hit lies in."""
    return Place(Partition(hit.corpus, hit.date), hit.recording_id)


def file_name(object_uri: str) -> str:
    """The last part of an object's address."""
    return object_uri.rpartition("/")[2]


_TOLD = ("segment", "clip")
"""Hits of these kinds have answers of their own."""
_CUT = "… "
"""Around a context that is part of a text."""


def _told(hit: Hit, said: Mapping[Stretch, StretchAnswers]) -> StretchAnswers:
    """What was said where a hit is; of channels that were heard apart, the one that it is in."""
    if hit.kind not in _TOLD:
        return StretchAnswers()
    here = [
        answers
        for (corpus, date, recording, _, *times), answers in said.items()
        if (corpus, date, recording) == (hit.corpus, hit.date, hit.recording_id)
        and times == [hit.segment_id, hit.start_ms, hit.end_ms]
    ]
    shown = hit.context.strip(_CUT)
    return next((each for each in here if each.holds(hit.field, shown)), None) or (
        here[0] if here else StretchAnswers()
    )


def _durations(connection: duckdb.DuckDBPyConnection, recordings: set[str]) -> dict[Place, int]:
    sql = (
        "SELECT corpus, CAST(date AS VARCHAR) AS date, recording_id, duration_ms FROM recordings"
        " WHERE recording_id IN (SELECT unnest($recordings))"
    )
    rows: list[Row] = rows_of(connection, sql, {"recordings": sorted(recordings)})
    return {
        Place(Partition(row["corpus"], row["date"]), row["recording_id"]): row["duration_ms"]
        for row in rows
    }


def _card(
    hit: Hit,
    place: Place,
    duration_ms: int | None,
    clips: list[PlacedClip],
    said: StretchAnswers,
) -> dict[str, Any]:
    field, context = hit.field, hit.context
    if not context:
        field, text = said.context
        context = text[:_CONTEXT_CHARACTERS]
    audio = audio_of(clips, hit.start_ms, hit.end_ms)
    return {
        "kind": hit.kind,
        "corpus": hit.corpus,
        "date": hit.date,
        "recording_id": hit.recording_id,
        "segment_id": hit.segment_id,
        "object_uri": hit.object_uri,
        "file_name": file_name(hit.object_uri),
        "start_ms": hit.start_ms,
        "end_ms": hit.end_ms,
        "flags": sorted({*hit.flags, *said.flags}),
        "field": field,
        "context": context,
        "marks": [list(mark) for mark in hit.marks],
        "score": hit.score,
        "duration_ms": hit.end_ms if duration_ms is None else duration_ms,
        "audio": audio,
        "spectrogram": spectrogram_url(place, hit.segment_id) if audio else None,
        "caption": said.caption,
        "transcript": said.transcript and said.transcript | {"words": said.words},
        "answers": said.answers,
        "thinking": said.thinking,
    }
