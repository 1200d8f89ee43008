"""What is published, corrected and not doubted of a day, for conversations about its sounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from af3core.dialogue.chosen_sounds import HeardSound, KnownAnswer
from af3core.storage.store import Store
from beam_jobs.derive.embed_job import best_captions
from beam_jobs.derive.skills.segment_evidence import unflagged_by_segment
from beam_jobs.framework.corrected_rows import corrected_by_recording
from beam_jobs.framework.derivation import Row


def dialogue_segments(store: Store, corpus: str, date: str) -> dict[str, HeardSound]:
    """By segment: those that are annotated and have a caption, all without a flag."""
    tables = corrected_by_recording(
        store, ("segments", "captions", "transcripts", "answers"), corpus, date
    )
    found: dict[str, HeardSound] = {}
    for recording, segments in tables["segments"].items():
        captions = best_captions(_unflagged(tables["captions"].get(recording, ())))
        said = unflagged_by_segment(tables["transcripts"].get(recording, ()))
        answers = unflagged_by_segment(tables["answers"].get(recording, ()))
        for row in _unflagged(segments):
            key = row["segment_id"]
            if key in captions and row["status"] in ("annotated", "partial"):
                found[key] = _sound(row, captions[key]["text"], said.get(key), answers.get(key, ()))
    return found


def _unflagged(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if not row["flags"]]


def _sound(
    segment: Row, caption: str, said: Sequence[Row] | None, answers: Sequence[Row]
) -> HeardSound:
    known = {
        row["question"]: KnownAnswer(
            row["question"], row["choice"] or row["text"], bool(row["choice"])
        )
        for row in reversed(answers)
    }
    return HeardSound(
        segment_id=segment["segment_id"],
        recording_id=segment["recording_id"],
        clip_uri=segment["clip_uri"],
        clip_start_ms=segment["clip_start_ms"],
        start_ms=segment["start_ms"],
        end_ms=segment["end_ms"],
        caption=caption,
        transcript=said[0]["text"] if said else "",
        loudness_lufs=segment["loudness_lufs"],
        answers=tuple(known[question] for question in sorted(known)),
    )
