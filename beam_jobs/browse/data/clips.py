"""Where the audio of a stretch lies: the clip that holds it, and the addresses of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from beam_jobs.browse.data.archive_tables import Place, rows_of
from beam_jobs.search.documents import Partition


@dataclass(frozen=True, order=True)
class PlacedClip:
    """A clip of a recording; its object is known to the tables alone."""

    place: Place
    start_ms: int
    end_ms: int
    clip_id: str

    @property
    def url(self) -> str:
        return f"/audio/{_path(self.place)}/{self.clip_id}.flac"


def clips_of(
    connection: duckdb.DuckDBPyConnection, recordings: Iterable[str]
) -> dict[Place, list[PlacedClip]]:
    """The clips of recordings in order, from a view of their segments."""
    sql = (
        "SELECT corpus, CAST(date AS VARCHAR) AS date, recording_id, clip_id,"
        " min(clip_start_ms) AS start_ms, max(end_ms) AS end_ms FROM segments"
        " WHERE recording_id IN (SELECT unnest($recordings)) GROUP BY ALL ORDER BY start_ms"
    )
    found: dict[Place, list[PlacedClip]] = {}
    for row in rows_of(connection, sql, {"recordings": sorted(set(recordings))}):
        place = Place(Partition(row["corpus"], row["date"]), row["recording_id"])
        clip = PlacedClip(place, row["start_ms"], row["end_ms"], row["clip_id"])
        found.setdefault(place, []).append(clip)
    return found


def audio_of(clips: Sequence[PlacedClip], start_ms: int, end_ms: int) -> dict[str, Any] | None:
    """Where a stretch is heard: in the clip in which it starts, to its end or the clip's."""
    for clip in clips:
        if clip.start_ms <= start_ms < clip.end_ms:
            return {
                "url": clip.url,
                "clip_start_ms": clip.start_ms,
                "clip_end_ms": clip.end_ms,
                "start_s": (start_ms - clip.start_ms) / 1000,
                "end_s": (min(end_ms, clip.end_ms) - clip.start_ms) / 1000,
            }
    return None


def spectrogram_url(place: Place, segment_id: str) -> str | None:
    """The address of a segment's picture."""
    return f"/spectrogram/{_path(place)}/{segment_id}.png" if segment_id else None


def _path(place: Place) -> str:
    return f"{place.partition.corpus}/{place.partition.date}/{place.recording_id}"
