"""Stock phrases of a day: looked for over all its shards, and flagged in the transcripts of each.

shards' rows ──► sightings ──► stock phrases of the day ──► flags in the shards' transcripts
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

from af3core.model.weights.languages import is_doubted
from af3core.tasks.stock_phrases import STOCK_PHRASE, Sighting, phrase_of, stock_phrases
from beam_jobs.framework.parquet_encoding import decode_rows, encode_table
from beam_jobs.night.rows import Row, TableRows
from schemas.tables.night_tables import TRANSCRIPTS


@dataclass(frozen=True)
class ShardPhrases:
    """What a shard's transcripts say: the short ones, and how many have text."""

    sightings: tuple[Sighting, ...] = ()
    spoken: int = 0


def phrases_of_shard(rows: TableRows) -> ShardPhrases:
    """The short transcripts of segments among a shard's rows, with the measures of these."""
    segments = {row["segment_id"]: row for row in rows.by_table.get("segments", [])}
    transcripts = [row for row in rows.by_table.get(TRANSCRIPTS.name, []) if row["text"]]
    found = (
        _sighting(row, phrase, segments[row["segment_id"]])
        for row in transcripts
        if row["segment_id"] in segments and (phrase := phrase_of(row["text"]))
    )
    return ShardPhrases(tuple(found), len(transcripts))


def _sighting(row: Row, phrase: str, segment: Row) -> Sighting:
    return Sighting(
        phrase=phrase,
        recording_id=row["recording_id"],
        speech_ms=segment["speech_ms"],
        loudness_lufs=segment["loudness_lufs"],
        spectral_centroid_hz=segment["spectral_centroid_hz"],
        is_flagged=is_doubted(row["flags"]),
    )


def stock_phrases_of_day(shards: Iterable[ShardPhrases]) -> frozenset[str]:
    """The stock phrases of a day, of all its shards."""
    every = list(shards)
    sightings = (sighting for shard in every for sighting in shard.sightings)
    return stock_phrases(sightings, sum(shard.spoken for shard in every))


def newly_flagged(shard: ShardPhrases, stock: frozenset[str]) -> int:
    """How many transcripts of a shard have no other flag than that of a stock phrase."""
    return sum(each.phrase in stock and not each.is_flagged for each in shard.sightings)


def flag_stock_phrases(data: bytes, shard: ShardPhrases, stock: frozenset[str]) -> bytes:
    """The object of a shard's transcripts with the flag where a text is a stock phrase."""
    if not any(each.phrase in stock for each in shard.sightings):
        return data
    rows = decode_rows(BytesIO(data), TRANSCRIPTS)
    for row in rows:
        if phrase_of(row["text"]) in stock and STOCK_PHRASE not in row["flags"]:
            row["flags"] = [*row["flags"], STOCK_PHRASE]
    return encode_table(TRANSCRIPTS, rows)


def without_stock_flag(row: Row) -> Row:
    """A transcript as it is before its day's stock phrases are known."""
    return row | {"flags": [flag for flag in row["flags"] if flag != STOCK_PHRASE]}
