"""A recording's subtitles to be downloaded, as `af3 subtitles` writes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import duckdb

from af3core.subtitles.cues import make_cues
from af3core.subtitles.subtitle_files import subtitle_text
from beam_jobs.browse.data.archive_tables import ArchiveTables, Place, rows_of, source_of
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.browse.pages.recording_page import find_recording
from beam_jobs.subtitles.recording_words import language_of, words_of_recording
from schemas.options.reading import SubtitleForm

_TABLES = ("recordings", "segments", "transcripts", "words", "events", "speaker_turns")
_NAMES = "SELECT speaker, name FROM speakers WHERE name IS NOT NULL"
_MEDIA_TYPES: dict[SubtitleForm, str] = {
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
    "ttml": "application/ttml+xml",
    "txt": "text/plain",
    "json": "application/json",
}


@dataclass(frozen=True)
class SubtitleFile:
    """A file to be kept: its bytes, what they are, and under which name."""

    body: bytes
    media_type: str
    name: str

    @property
    def disposition(self) -> str:
        """The header that names it (RFC 6266, RFC 8187)."""
        return f"attachment; filename*=UTF-8''{quote(self.name, safe='')}"


def subtitle_file(
    tables: ArchiveTables, recording_id: str, corpus: str, date: str, form: SubtitleForm
) -> SubtitleFile:
    """The subtitles of a recording.

    Args:
        tables: of the archive.
        recording_id: which recording.
        corpus, date: where it is looked for; empty is everywhere, the newest day wins.
        form: of the file.

    Raises:
        Refusal: there is no such recording.
    """
    place = find_recording(tables, recording_id, corpus, date)
    if place is None:
        raise Refusal(404, f"recording {recording_id}: not in the tables")
    stamps = dict(tables.stamps_of_places(_TABLES, [place]))
    stamps |= tables.stamps(["speakers"], place.partition.corpus)
    ([recording], *others), names = tables.read(
        stamps, lambda c: ([_rows(c, n, place) for n in _TABLES], rows_of(c, _NAMES))
    )
    named = {row["speaker"]: row["name"] for row in names}
    cues = make_cues(words_of_recording(*others, names=named), recording["duration_ms"])
    name = f"{PurePosixPath(recording['object_uri']).stem}.{form}"
    language = language_of(others[_TABLES.index("transcripts") - 1])
    return SubtitleFile(subtitle_text(cues, form, language).encode(), _MEDIA_TYPES[form], name)


def _rows(connection: duckdb.DuckDBPyConnection, table: str, place: Place) -> list[dict[str, Any]]:
    sql = f"SELECT * FROM {source_of(connection, table)} WHERE recording_id = $recording"
    return rows_of(connection, sql, {"recording": place.recording_id})
