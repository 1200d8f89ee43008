"""What is known of each stretch of a recording, from the rows of a night's tables. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.correction_records import JUDGED_WRONG

Row = Mapping[str, Any]

_NOT_SAID = {
    *("looping_text", "transcript_without_speech", "speech_without_transcript"),
    JUDGED_WRONG,
}
"""Flags of a transcript that is no evidence: its words, if any, are the model's alone."""
_NO_CAPTION = {"looping_text", JUDGED_WRONG}
"""Flags of what was heard, or answered, that is no evidence."""


@dataclass(frozen=True)
class Passage:
    """A segment, or a whole clip (`segment_id` is then empty), with what is said and heard in it.

    `silent` stretches were not annotated; they hold their place in time.
    """

    segment_id: str
    start_ms: int
    end_ms: int
    said: str = ""
    heard: str = ""
    speech_ms: int = 0
    silent: bool = False

    @property
    def text(self) -> str:
        return f"{self.said} {self.heard}".strip()


@dataclass(frozen=True)
class Transcript:
    """A transcript of a stretch; `starts_in_speech` where the one before may hold a word of it."""

    segment_id: str
    start_ms: int
    end_ms: int
    text: str
    starts_in_speech: bool = False


@dataclass(frozen=True)
class Evidence:
    """All that is read of a recording, in time order.

    Attributes:
        segments: of the whole recording, without gap.
        clips: what was said of whole clips: answers, captions, and transcripts where they are used.
        written: transcripts, one for each stretch.
        flags: of the recording.
    """

    duration_ms: int
    segments: tuple[Passage, ...]
    clips: tuple[Passage, ...]
    written: tuple[Transcript, ...]
    flags: tuple[str, ...] = ()

    @property
    def passages(self) -> list[Passage]:
        """Segments and clips that say something, in time order."""
        found = [p for p in (*self.segments, *self.clips) if p.text]
        return sorted(found, key=lambda p: (p.start_ms, p.end_ms, p.segment_id))


def evidence_of(
    recording: Row,
    segments: Sequence[Row],
    transcripts: Sequence[Row],
    captions: Sequence[Row],
    answers: Sequence[Row],
) -> Evidence:
    """Put one recording's rows together."""
    written = transcripts_of(segments, transcripts)
    flagged = {
        (row["segment_id"], row["text"]) for row in transcripts if _NOT_SAID & set(row["flags"])
    }
    believed = [w for w in written if (w.segment_id, w.text) not in flagged]
    said = {w.segment_id: w.text for w in believed if w.segment_id}
    heard = _texts([row for row in captions if row["segment_id"]])
    passages = tuple(
        Passage(
            row["segment_id"],
            row["start_ms"],
            row["end_ms"],
            said.get(row["segment_id"], ""),
            heard.get(row["segment_id"], ""),
            row["speech_ms"],
            silent=bool(row["skip_reason"]),
        )
        for row in sorted(segments, key=lambda row: row["start_ms"])
    )
    return Evidence(
        recording["duration_ms"],
        passages,
        tuple(_clips(believed, captions, answers)),
        tuple(written),
        tuple(recording["flags"]),
    )


def transcripts_of(segments: Sequence[Row], transcripts: Sequence[Row]) -> list[Transcript]:
    """One transcript for each stretch: a clip's segments, or the clip as a whole, never both.

    The segments' are finer in time and are used unless one of them is missing and the clip's own
    is there. Of several tasks' transcripts the first without a flag counts, in the order of names.
    """
    in_speech = {row["segment_id"]: bool(row["starts_in_speech"]) for row in segments}
    by_clip: dict[str, dict[str, Row]] = {}
    for row in sorted(transcripts, key=lambda row: (bool(row["flags"]), row["task_id"])):
        by_clip.setdefault(row["clip_id"], {}).setdefault(row["segment_id"], row)
    chosen = []
    for clip, found in by_clip.items():
        inside = sorted((r for r in segments if r["clip_id"] == clip), key=lambda r: r["start_ms"])
        wanted = {row["segment_id"] for row in inside if not row["skip_reason"]}
        whole = found.pop("", None)
        if whole is not None and not wanted <= set(found):
            chosen.append(_transcript(whole, bool(inside) and in_speech[inside[0]["segment_id"]]))
        else:
            chosen += [_transcript(r, in_speech.get(s, False)) for s, r in found.items()]
    return sorted(chosen, key=lambda w: (w.start_ms, w.end_ms))


def _transcript(row: Row, starts_in_speech: bool) -> Transcript:
    return Transcript(
        row["segment_id"], row["start_ms"], row["end_ms"], row["text"], starts_in_speech
    )


def _clips(
    written: Sequence[Transcript], captions: Sequence[Row], answers: Sequence[Row]
) -> list[Passage]:
    """What was asked of whole clips, one passage each: open answers before their questions."""
    found = [Passage("", w.start_ms, w.end_ms, said=w.text) for w in written if not w.segment_id]
    for row in captions:
        if not row["segment_id"] and JUDGED_WRONG not in row["flags"]:
            found.append(Passage("", row["start_ms"], row["end_ms"], heard=row["text"]))
    for row in answers:
        if not row["segment_id"] and not row["options"] and JUDGED_WRONG not in row["flags"]:
            text = f"{row['text']} ({row['question']})"
            found.append(Passage("", row["start_ms"], row["end_ms"], heard=text))
    return sorted(found, key=lambda p: (p.start_ms, p.end_ms, p.said, p.heard))


def _texts(rows: Sequence[Row]) -> dict[str, str]:
    """Texts by segment; those of several tasks one after the other, each once."""
    found: dict[str, dict[str, None]] = {}
    for row in sorted(rows, key=lambda row: row["task_id"]):
        if not _NO_CAPTION & set(row["flags"]) and row["text"]:
            found.setdefault(row["segment_id"], {})[row["text"]] = None
    return {segment: " ".join(texts) for segment, texts in found.items()}
