"""The words of transcripts with their times, as an export has them: where they were found.

A day may have millions of words: they are held as columns, and become rows a transcript at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from af3core.alignment.timed_text import timed_text

COLUMNS = (
    *("clip_id", "segment_id", "task_id", "position", "word", "start_char", "end_char"),
    *("start_ms", "end_ms", "confidence", "speaker", "flags"),
)
"""Of the table of words."""
_TEXT = ("clip_id", "segment_id", "task_id")
_TEXT_ORDER: list[tuple[str, Literal["ascending", "descending"]]] = [
    (name, "ascending") for name in _TEXT
]


@dataclass(frozen=True)
class ExportWord:
    """A word of what is said in a sound; times count from the sound's start.

    `confidence` is None where its time is estimated between its neighbours.
    """

    word: str
    start_ms: int
    end_ms: int
    confidence: float | None

    def to_json(self) -> dict[str, Any]:
        """In seconds, as durations are."""
        times = {"start": self.start_ms / 1000, "end": self.end_ms / 1000}
        return {"word": self.word} | times | {"confidence": self.confidence}


class WordsOfTexts:
    """The words of a day's transcripts; `tables` have `COLUMNS`."""

    def __init__(self, tables: Iterable[pa.Table] = ()) -> None:
        self._places: dict[tuple[str, str, str], tuple[int, int]] = {}
        parts = [table for table in tables if len(table)]
        if not parts:
            return
        words = pa.concat_tables(parts)
        self._words = words.sort_by([*_TEXT_ORDER, ("position", "ascending")]).combine_chunks()
        codes = [pc.rank(self._words[name], tiebreaker="min").to_numpy() for name in _TEXT]
        is_first = np.any([np.diff(code, prepend=-1) != 0 for code in codes], axis=0)
        starts = np.flatnonzero(is_first).tolist()
        keys = self._words.select(_TEXT).take(starts).to_pylist()
        for key, start, end in zip(keys, starts, [*starts[1:], len(self._words)], strict=True):
            self._places[key["clip_id"], key["segment_id"], key["task_id"]] = (start, end - start)

    def of(self, transcript: Mapping[str, Any]) -> tuple[ExportWord, ...]:
        """The words of a row of transcripts; none where no word was found in the sound."""
        place = self._places.get(
            (transcript["clip_id"], transcript["segment_id"], transcript["task_id"])
        )
        if place is None:
            return ()
        rows = self._words.slice(*place).to_pylist()
        timed = timed_text(transcript, rows, [])
        if all(word.is_estimated for word in timed):
            return ()
        start_ms, end_ms = transcript["start_ms"], transcript["end_ms"]
        return tuple(
            ExportWord(
                transcript["text"][word.start_char : word.end_char],
                min(max(word.start_ms, start_ms), end_ms) - start_ms,
                min(max(word.end_ms, start_ms), end_ms) - start_ms,
                word.confidence,
            )
            for word in timed
        )
