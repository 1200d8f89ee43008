"""What the tables of a day know of each clip's segments; what carries a flag is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from af3core.skills.events_in_span import events_in_span
from af3core.skills.evidence import EventKind, HeardEvent, SegmentEvidence
from af3core.storage.store import Store
from beam_jobs.framework.clip_audio import ClipObject
from beam_jobs.framework.corrected_rows import corrected_by_recording
from beam_jobs.framework.derivation import Row

_MEASURES = (
    "loudness_lufs",
    "pitch_hz",
    "spectral_centroid_hz",
    "tempo_bpm",
    "reverberation_s",
    "level_change_db",
)


_TABLES = ("recordings", "segments", "captions", "transcripts", "answers", "events")


@dataclass(frozen=True)
class ClipEvidence:
    """A clip's segments with what is known of them, in order; `uri` is the recording's object."""

    recording_id: str
    clip: ClipObject
    segments: tuple[SegmentEvidence, ...]
    uri: str


def clip_evidence(
    store: Store, corpus: str, date: str, as_made: bool = False
) -> Iterator[ClipEvidence]:
    """Every clip of a day that has an annotated segment without a flag; by what people corrected,
    or as the model said it.
    """
    tables = corrected_by_recording(store, _TABLES, corpus, date, as_made)
    for recording, segments in tables["segments"].items():
        known = {table: rows.get(recording, []) for table, rows in tables.items()}
        clips: dict[ClipObject, list[SegmentEvidence]] = {}
        said = {t: unflagged_by_segment(known[t]) for t in ("captions", "transcripts", "answers")}
        for row in segments:
            if row["status"] in ("annotated", "partial") and not row["flags"]:
                clip = ClipObject(row["clip_uri"], row["clip_start_ms"])
                clips.setdefault(clip, []).append(_segment(row, said, known["events"]))
        for clip, found in clips.items():
            yield ClipEvidence(recording, clip, tuple(found), known["recordings"][0]["object_uri"])


def unflagged_by_segment(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows of answers without a flag that say something, by segment; those of clips left out."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["segment_id"] and row["text"] and not row["flags"]:
            found.setdefault(row["segment_id"], []).append(row)
    return found


def _segment(
    segment: Row, said: Mapping[str, Mapping[str, list[Row]]], events: Sequence[Row]
) -> SegmentEvidence:
    key = segment["segment_id"]
    mine = [row for row in events if row["clip_id"] == segment["clip_id"]]
    sure = [_event(row) for row in mine if row["label"] and not row["flags"]]
    unsure = [(r["start_ms"], r["end_ms"]) for r in mine if not r["label"] or r["flags"]]
    heard, complete = events_in_span((segment["start_ms"], segment["end_ms"]), sure, unsure)
    texts = {table: tuple(row["text"] for row in rows.get(key, ())) for table, rows in said.items()}
    return SegmentEvidence(
        recording_id=segment["recording_id"],
        clip_id=segment["clip_id"],
        segment_id=key,
        start_ms=segment["start_ms"],
        end_ms=segment["end_ms"],
        captions=texts["captions"],
        transcripts=texts["transcripts"],
        answers=tuple((row["question"], row["text"]) for row in said["answers"].get(key, ())),
        events=heard,
        events_complete=complete and bool(mine),
    )


def _event(row: Row) -> HeardEvent:
    measures = {name: row[name] for name in _MEASURES}
    kind = cast(EventKind, row["kind"])
    return HeardEvent(kind, row["label"], row["start_ms"], row["end_ms"], **measures)
