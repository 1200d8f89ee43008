"""When what a hit shows of a transcript is said, by the table of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from af3core.alignment.align import LOW_ALIGNMENT, TEXT_TOO_LONG
from af3core.alignment.quoted import place_of
from af3core.alignment.text_words import normalised, words_of_text
from af3core.alignment.timed_text import WordTimes
from af3core.storage.store import Store
from beam_jobs.framework.corrected_rows import take_corrected
from beam_jobs.framework.table_snapshot import TableSnapshot
from beam_jobs.search.search_request import Hit
from schemas import layout
from schemas.identity import shard_of
from schemas.tables.columns import Table
from schemas.tables.night_tables import TRANSCRIPTS
from schemas.tables.word_tables import WORDS

_PLACE = ("recording_id", "clip_id", "segment_id", "task_id", "start_ms", "end_ms")
_COLUMNS = {
    WORDS.name: (
        *(*_PLACE, "position", "word", "normalised", "start_char", "end_char"),
        *("confidence", "speaker", "flags"),
    ),
    TRANSCRIPTS.name: (*_PLACE, "text"),
}
_AROUND = 4
"""Words on each side of the first that matches, by which its place in the transcript is known."""

Row = dict[str, Any]


def with_times(hits: Sequence[Hit], store: Store, as_made: bool = False) -> tuple[Hit, ...]:
    """The hits, those in transcripts with the time of the first word that matches.

    Where the words of a recording are not in the table, or their text is too long for its time,
    there is none; where the aligner has not found that word, or doubts it, or a person wrote it in
    the place of another one, its time is an estimate and says so. One listing for each day, and one
    object for each recording; of a text that was mended, another one.

    Args:
        as_made: the hits are of what the model said.
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
            tables = (WORDS.name, TRANSCRIPTS.name)
            days[day] = take_corrected(store, tables, hit.corpus, hit.date, hit.date, as_made)
        found.append(_with_time(hit, days[day], held))
    return tuple(found)


def _rows(table: Table, day: TableSnapshot, hit: Hit, held: dict[str, pa.Table]) -> list[Row]:
    """A table's rows of a hit's segment; the shard that they lie in is read once."""
    for key in day.shards(table.name):
        shard, count = layout.shard_of_key(key)
        if count > 1 and shard != shard_of(hit.recording_id, count):
            continue
        if key not in held:
            held[key] = day.columns(key, _COLUMNS[table.name])
        is_its = pc.field("recording_id") == hit.recording_id
        rows: list[Row] = (
            held[key].filter(is_its & (pc.field("segment_id") == hit.segment_id)).to_pylist()
        )
        return rows
    return []


def _with_time(hit: Hit, day: TableSnapshot, held: dict[str, pa.Table]) -> Hit:
    words = _rows(WORDS, day, hit, held)
    row = _first_match(hit, words)
    if row is None and words:
        row = _first_match(hit, _words_of_mended(words, _rows(TRANSCRIPTS, day, hit, held)))
    if row is None or TEXT_TOO_LONG in row["flags"]:
        return hit
    is_estimated = row["confidence"] is None or LOW_ALIGNMENT in row["flags"]
    return replace(hit, said_ms=row["start_ms"], said_is_estimated=is_estimated)


def _words_of_mended(words: Sequence[Row], transcripts: Sequence[Row]) -> list[Row]:
    """The words of texts that were mended since they were aligned, as rows of the table; none of
    texts of which no word was found in the sound.
    """
    times = WordTimes(words, ())
    found = []
    for row in transcripts:
        text, timed = row["text"], times.of(row)
        if all(word.is_estimated for word in timed):
            continue
        for position, word in enumerate(timed):
            found.append(
                {
                    "task_id": row["task_id"],
                    "position": position,
                    "normalised": normalised(text[word.start_char : word.end_char]),
                    "start_ms": word.start_ms,
                    "confidence": word.confidence,
                    "flags": [LOW_ALIGNMENT] if word.is_doubtful else [],
                }
            )
    return found


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
