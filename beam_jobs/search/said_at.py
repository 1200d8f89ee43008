"""When what a hit shows of a transcript is said, by the table of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from af3core.alignment.align import LOW_ALIGNMENT, TEXT_TOO_LONG
from af3core.alignment.quoted import place_of
from af3core.alignment.text_words import words_of_text
from af3core.storage.store import Store
from beam_jobs.framework.table_snapshot import TableSnapshot, take_snapshot
from beam_jobs.search.search_request import Hit
from schemas import layout
from schemas.identity import shard_of
from schemas.tables.word_tables import WORDS

_COLUMNS = (
    *("recording_id", "segment_id", "task_id", "position", "start_ms", "normalised"),
    *("confidence", "flags"),
)
_AROUND = 4
"""Words on each side of the first that matches, by which its place in the transcript is known."""

Row = dict[str, Any]


def with_times(hits: Sequence[Hit], store: Store) -> tuple[Hit, ...]:
    """The hits, those in transcripts with the time of the first word that matches.

    Where the words of a recording are not in the table, or their text is too long for its time,
    there is none; where the aligner has not found that word, or doubts it, its time is an estimate
    and says so. One listing for each day, and one object for each recording.
    """
    days: dict[tuple[str, str], TableSnapshot] = {}
    held: dict[str, pa.Table] = {}
    found = []
    for hit in hits:
        if hit.field != "transcript" or not hit.marks or not hit.segment_id:
            found.append(hit)
            continue
        day = (hit.corpus, hit.date)
        if day not in days:
            days[day] = take_snapshot(store, [WORDS.name], hit.corpus, hit.date, hit.date)
        found.append(_with_time(hit, _rows(days[day], hit, held)))
    return tuple(found)


def _rows(day: TableSnapshot, hit: Hit, held: dict[str, pa.Table]) -> list[Row]:
    """The words of a hit's segment; the shard that they lie in is read once."""
    for key in day.stamps:
        shard, count = layout.shard_of_key(key)
        if count > 1 and shard != shard_of(hit.recording_id, count):
            continue
        if key not in held:
            held[key] = day.columns(key, list(_COLUMNS))
        is_its = pc.field("recording_id") == hit.recording_id
        rows: list[Row] = (
            held[key].filter(is_its & (pc.field("segment_id") == hit.segment_id)).to_pylist()
        )
        return rows
    return []


def _with_time(hit: Hit, words: Sequence[Row]) -> Hit:
    row = _first_match(hit, words)
    if row is None or TEXT_TOO_LONG in row["flags"]:
        return hit
    is_estimated = row["confidence"] is None or LOW_ALIGNMENT in row["flags"]
    return replace(hit, said_ms=row["start_ms"], said_is_estimated=is_estimated)


def _first_match(hit: Hit, words: Sequence[Row]) -> Row | None:
    """Where the words around the first match stand in one transcript of the segment."""
    shown = words_of_text(hit.context)
    at = next((n for n, word in enumerate(shown) if word.end_char > hit.marks[0][0]), None)
    if at is None:
        return None
    first = max(0, at - _AROUND)
    wanted = [word.normal for word in shown[first : at + _AROUND + 1]]
    for task in sorted({row["task_id"] for row in words}):
        said = sorted((r for r in words if r["task_id"] == task), key=lambda r: r["position"])
        place = place_of(wanted, [row["normalised"] for row in said])
        if place is not None:
            return said[place + at - first]
    return None
