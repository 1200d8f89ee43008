"""Which segments are shown, and what was said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from beam_jobs.framework.clip_audio import ClipObject

_LEAST_CERTAIN = """
SELECT segment_id FROM
  (SELECT segment_id, mean_logprob FROM captions
   UNION ALL SELECT segment_id, mean_logprob FROM transcripts
   UNION ALL SELECT segment_id, mean_logprob FROM answers)
WHERE segment_id <> '' AND mean_logprob IS NOT NULL
GROUP BY segment_id ORDER BY min(mean_logprob), segment_id LIMIT ?
"""
_SAMPLED = """
SELECT DISTINCT segment_id, md5(? || segment_id) AS draw FROM segments
WHERE status IN ('annotated', 'partial') AND NOT list_contains(?, segment_id)
ORDER BY draw LIMIT ?
"""
_SEGMENTS = """
SELECT s.segment_id, s.clip_id, s.clip_uri, s.clip_start_ms, s.start_ms, s.end_ms,
       CAST(s.date AS VARCHAR) AS date, r.object_uri
FROM segments s JOIN recordings r USING (corpus, date, recording_id)
WHERE list_contains(?, s.segment_id) ORDER BY s.segment_id, s.date
"""
_SAID = """
SELECT 'caption' AS kind, segment_id, clip_id, CAST(date AS VARCHAR) AS date, task_id,
       '' AS question, text, thinking, mean_logprob, flags
FROM captions WHERE list_contains(?, segment_id) OR segment_id = '' AND list_contains(?, clip_id)
UNION ALL
SELECT 'transcript', segment_id, clip_id, CAST(date AS VARCHAR), task_id,
       '', text, '', mean_logprob, flags
FROM transcripts WHERE list_contains(?, segment_id) OR segment_id = '' AND list_contains(?, clip_id)
UNION ALL
SELECT 'answer', segment_id, clip_id, CAST(date AS VARCHAR), task_id,
       question, text, thinking, mean_logprob, flags
FROM answers WHERE list_contains(?, segment_id) OR segment_id = '' AND list_contains(?, clip_id)
"""
_KINDS = ("caption", "transcript", "answer")


@dataclass(frozen=True)
class ShownAnswer:
    """One answer of the model: a caption, a transcript, or an answer to a question.

    `of_clip` says that it is about the whole clip that the segment lies in.
    """

    kind: str
    task_id: str
    question: str
    text: str
    thinking: str
    mean_logprob: float | None
    flags: tuple[str, ...]
    of_clip: bool


@dataclass(frozen=True)
class ShownSegment:
    """A segment with all that was said of it: captions first, then transcripts, then answers."""

    segment_id: str
    date: str
    object_uri: str
    clip: ClipObject
    start_ms: int
    end_ms: int
    said: tuple[ShownAnswer, ...]

    @property
    def least_certain(self) -> ShownAnswer | None:
        """The answer about this segment with the lowest log-probability."""
        known = [said for said in self.said if said.mean_logprob is not None and not said.of_clip]
        return min(known, key=lambda said: (said.mean_logprob, said.task_id), default=None)


def least_certain(night: duckdb.DuckDBPyConnection, limit: int) -> list[ShownSegment]:
    """The segments with the answers of the lowest mean log-probability, the lowest first."""
    found = night.execute(_LEAST_CERTAIN, [limit]).fetchall()
    return _shown_segments(night, [segment for (segment,) in found])


def sample_segments(
    night: duckdb.DuckDBPyConnection, seed: str, limit: int, without: Sequence[str]
) -> list[ShownSegment]:
    """Annotated segments drawn at random, in the order of the draw; equal seeds draw the same."""
    found = night.execute(_SAMPLED, [seed, list(without), limit]).fetchall()
    return _shown_segments(night, [segment for segment, _ in found])


def _shown_segments(night: duckdb.DuckDBPyConnection, segments: list[str]) -> list[ShownSegment]:
    """The segments in the given order; one that lies in two nights is shown as of the first."""
    if not segments:
        return []
    first: dict[str, dict[str, Any]] = {}
    for row in _rows(night, _SEGMENTS, [segments]):
        first.setdefault(row["segment_id"], row)
    clips = [row["clip_id"] for row in first.values()]
    said = _rows(night, _SAID, [segments, clips] * len(_KINDS))
    said.sort(key=lambda row: (_KINDS.index(row["kind"]), row["segment_id"] == "", row["task_id"]))
    return [_segment(first[name], said) for name in segments if name in first]


def _segment(row: dict[str, Any], said: Sequence[dict[str, Any]]) -> ShownSegment:
    names = ("kind", "task_id", "question", "text", "thinking", "mean_logprob")
    return ShownSegment(
        segment_id=row["segment_id"],
        date=row["date"],
        object_uri=row["object_uri"],
        clip=ClipObject(row["clip_uri"], row["clip_start_ms"]),
        start_ms=row["start_ms"],
        end_ms=row["end_ms"],
        said=tuple(
            ShownAnswer(
                **{name: one[name] for name in names},
                flags=tuple(one["flags"]),
                of_clip=not one["segment_id"],
            )
            for one in said
            if one["date"] == row["date"]
            and one["clip_id"] == row["clip_id"]
            and one["segment_id"] in (row["segment_id"], "")
        ),
    )


def _rows(night: duckdb.DuckDBPyConnection, sql: str, values: list[Any]) -> list[dict[str, Any]]:
    found = night.execute(sql, values)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
