"""The voices of a recording where turns are known, and a name for all turns of one."""

from __future__ import annotations

from typing import Any

from beam_jobs.browse.data.archive_tables import ArchiveTables, Place, Row, rows_of
from beam_jobs.browse.http.refusal import Refusal
from schemas.sql.corrected_views import CORRECTED_TABLES
from schemas.tables.speaker_tables import SPEAKER_TURNS, SPEAKERS

_TABLES = tuple(dict.fromkeys((*CORRECTED_TABLES, SPEAKER_TURNS.name, SPEAKERS.name)))
_TURNS = """\
SELECT voice, COALESCE(speaker, 'voice ' || voice) AS speaker, name, start_ms, end_ms, channel,
  corrected_by
FROM corrected_speaker_turns
WHERE recording_id = $recording AND corpus = $corpus AND CAST(date AS VARCHAR) = $date
ORDER BY voice, start_ms, end_ms"""


def voices_of(tables: ArchiveTables, place: Place) -> list[dict[str, Any]]:
    """Each voice with its name, who gave it, and where it speaks longest."""
    found: dict[int, list[Row]] = {}
    for turn in _turns(tables, place):
        found.setdefault(turn["voice"], []).append(turn)
    return [_voice(number, turns) for number, turns in found.items()]


def naming_rows(
    tables: ArchiveTables, place: Place, voice: int, name: str
) -> list[tuple[str, dict[str, Any]]]:
    """The corrections that name all turns of a voice, as `add_at` takes them.

    Raises:
        Refusal: 404, the recording has no such voice.
    """
    turns = [turn for turn in _turns(tables, place) if turn["voice"] == voice]
    if not turns:
        raise Refusal(404, f"voice {voice}: this recording has no such voice")
    return [("the voice", _row(place, turn, name)) for turn in turns]


def _turns(tables: ArchiveTables, place: Place) -> list[Row]:
    corpus, day = place.partition.corpus, place.partition.date
    stamps = tables.stamps_of_places([SPEAKER_TURNS.name], [place])
    if not stamps:
        return []
    stamps |= tables.stamps_of_places(CORRECTED_TABLES, [place])
    stamps |= tables.stamps(["corrections", SPEAKERS.name], corpus)
    values = {"recording": place.recording_id, "corpus": corpus, "date": day}
    return tables.read(stamps, lambda c: rows_of(c, _TURNS, values), _TABLES)


def _voice(number: int, turns: list[Row]) -> dict[str, Any]:
    longest = max(turns, key=lambda turn: turn["end_ms"] - turn["start_ms"])
    return {
        "voice": number,
        "name": longest["name"] or "",
        "by": longest["corrected_by"],
        "turns": len(turns),
        "example_start_ms": longest["start_ms"],
    }


def _row(place: Place, turn: Row, name: str) -> dict[str, Any]:
    return {
        "recording": place.recording_id,
        "source": SPEAKER_TURNS.name,
        "kind": "name",
        "start_ms": turn["start_ms"],
        "end_ms": turn["end_ms"],
        "channel": turn["channel"],
        "old_value": turn["speaker"],
        "new_value": name,
    }
