"""What is in one day of the generated archive: recordings, segments, what was said and heard."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas import layout
from schemas.identity import clip_id, configuration_hash, content_hash, recording_id, segment_id
from schemas.tables.columns import Table
from tests.benchmarks.generated_plan import PlannedDay
from tests.benchmarks.generated_words import PHRASE, PHRASE_EVERY, Vocabulary

SEGMENTATION = configuration_hash("generated")
SEGMENTS_A_CLIP = 20
"""Of at most 30 s: no clip exceeds ten minutes."""

_SHORTEST_MS, _LONGEST_MS = 2_000, 30_000
_LENGTHS = (2.0, 2.3)
"""Of a beta distribution: a mean of 15 s."""
_WORDS_A_SECOND = 3.1
_SPEECHLESS = 0.2
_SILENT = 0.01
_DOUBTED = 0.01

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class GeneratedRecording:
    """A recording; `segments` are `[first, until)` of the day's."""

    recording_id: str
    content_sha256: str
    uri: str
    segments: tuple[int, int]
    doubted: bool


@dataclass(frozen=True)
class GeneratedDay:
    """A partition's segments as columns, in the order of the tables; arrays are `[segments]`.

    Attributes:
        owner: the segment's recording, by its place in `recordings`.
        silent: cut out and skipped; all else is annotated.
    """

    planned: PlannedDay
    run_id: str
    recordings: tuple[GeneratedRecording, ...]
    owner: Ints
    recording_ids: pa.StringArray
    clip_ids: pa.StringArray
    clip_uris: pa.StringArray
    segment_ids: pa.StringArray
    clip_start_ms: Ints
    start_ms: Ints
    end_ms: Ints
    speech_ms: Ints
    silent: Mask
    word_counts: Ints
    transcripts: pa.StringArray

    @property
    def doubted(self) -> Mask:
        """Segments of recordings with a suspect timeline."""
        return np.array([r.doubted for r in self.recordings], np.bool_)[self.owner]

    @property
    def began(self) -> datetime.datetime:
        """When its run began: two at night, the day after."""
        night = self.planned.date + datetime.timedelta(days=1)
        return datetime.datetime.combine(night, datetime.time(2), datetime.UTC)


def generate_day(planned: PlannedDay, words: Vocabulary, rng: np.random.Generator) -> GeneratedDay:
    """The same day for the same generator."""
    recordings, counts = _recordings(planned, rng)
    owner = np.repeat(np.arange(len(recordings)), counts)
    numbers = planned.first_segment + np.arange(len(owner))
    told = numbers % PHRASE_EVERY == 0
    drawn = rng.beta(*_LENGTHS, len(owner)) * (_LONGEST_MS - _SHORTEST_MS)
    length_ms = _SHORTEST_MS + drawn.astype(np.int64)
    ends = np.cumsum(length_ms)
    firsts = np.cumsum(counts) - counts
    begins = np.concatenate([[0], ends])[firsts][owner]
    start_ms, end_ms = ends - length_ms - begins, ends - begins
    silent = (rng.random(len(owner)) < _SILENT) & ~told
    speechless = (rng.random(len(owner)) < _SPEECHLESS) & ~told | silent
    speech_ms = np.where(speechless, 0, rng.uniform(0.5, 1, len(owner)) * length_ms)
    word_counts = np.ceil(speech_ms / 1000 * _WORDS_A_SECOND).astype(np.int64)
    in_recording = np.arange(len(owner)) - firsts[owner]
    clips = _clips(recordings, owner, in_recording // SEGMENTS_A_CLIP, start_ms, end_ms)
    spans = zip(clips[0], start_ms.tolist(), end_ms.tolist(), strict=True)
    return GeneratedDay(
        planned=planned,
        run_id=f"{planned.date:%Y%m%d}T020000Z-{planned.number:06x}",
        recordings=recordings,
        owner=owner,
        recording_ids=pa.array([r.recording_id for r in recordings]).take(pa.array(owner)),
        clip_ids=pa.array(clips[0]),
        clip_uris=pa.array(clips[1]),
        segment_ids=pa.array([segment_id(*span) for span in spans]),
        clip_start_ms=np.array(clips[2], np.int64),
        start_ms=start_ms,
        end_ms=end_ms,
        speech_ms=speech_ms.astype(np.int64),
        silent=silent,
        word_counts=word_counts + np.where(told, len(PHRASE.split()), 0),
        transcripts=_with_phrase(words.texts(rng, word_counts), told),
    )


def table_of(table: Table, rows: int, **columns: Any) -> pa.Table:
    """The table's columns in its schema; a single value stands in every row."""
    arrays = []
    for column in table.columns:
        value = columns.pop(column.name)
        if isinstance(value, np.ndarray):
            value = pa.array(value)
        if not isinstance(value, pa.Array | pa.ChunkedArray):
            value = pa.repeat(pa.scalar(value, column.type), rows)
        arrays.append(value.cast(column.type))
    if columns:
        raise TypeError(f"{table.name} has no columns {sorted(columns)}")
    return pa.Table.from_arrays(arrays, schema=table.schema)


def times(began: datetime.datetime, after_ms: Ints) -> pa.TimestampArray:
    """Moments so long after the beginning."""
    first = round(began.timestamp() * 1000)
    return pa.array(after_ms + first, pa.timestamp("ms", tz="UTC"))


def _recordings(
    planned: PlannedDay, rng: np.random.Generator
) -> tuple[tuple[GeneratedRecording, ...], Ints]:
    """In order of their ids, and how many segments each has."""
    known = []
    for recording in planned.recordings:
        name = f"{planned.corpus}_{recording.number:06d}.flac"
        uri = f"/archive/{planned.corpus}/{planned.date:%Y/%m/%d}/{name}"
        sha256 = content_hash([uri.encode()])
        known.append((recording_id(sha256), sha256, uri, recording.segments))
    known.sort()
    found = []
    first = 0
    for identity, sha256, uri, segments in known:
        doubted = bool(rng.random() < _DOUBTED)
        until = first + segments
        found.append(GeneratedRecording(identity, sha256, uri, (first, until), doubted))
        first = until
    return tuple(found), np.array([segments for *_, segments in known], np.int64)


def _clips(
    recordings: tuple[GeneratedRecording, ...], owner: Ints, clip: Ints, start: Ints, end: Ints
) -> tuple[list[str], list[str], list[int]]:
    """Id, object and start of each segment's clip."""
    borders = np.flatnonzero(np.diff(owner) | np.diff(clip)) + 1
    firsts = np.concatenate([[0], borders]).astype(np.int64)
    untils = np.concatenate([borders, [len(owner)]]).astype(np.int64)
    ids: list[str] = []
    uris: list[str] = []
    starts: list[int] = []
    for first, until in zip(firsts.tolist(), untils.tolist(), strict=True):
        recording = recordings[owner[first]].recording_id
        span = (int(start[first]), int(end[until - 1]))
        ids += [clip_id(recording, SEGMENTATION, *span)] * (until - first)
        uris += [layout.clip_key(recording, SEGMENTATION, *span)] * (until - first)
        starts += [span[0]] * (until - first)
    return ids, uris, starts


def _with_phrase(texts: pa.StringArray, told: Mask) -> pa.StringArray:
    """The phrase after the fifth word of each text that has it."""
    changed = texts.to_pylist()
    for place in np.flatnonzero(told).tolist():
        words = changed[place].split()
        changed[place] = " ".join([*words[:5], PHRASE, *words[5:]])
    return pa.array(changed, pa.string())


def joined(texts: pa.StringArray, day: GeneratedDay) -> pa.StringArray:
    """Each recording's texts in order, one space between, empty ones left out."""
    filled = pc.not_equal(texts, "").to_numpy(zero_copy_only=False)
    counts = np.bincount(day.owner[filled], minlength=len(day.recordings))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(offsets, texts.filter(pa.array(filled))), " ")
