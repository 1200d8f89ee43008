"""Transcripts in time order become one text, in which every character knows its time.

Segments share no audio, so what both sides of a cut say is said twice: "no | no" is two words, and
stays. Only where the cut lies inside speech may one word have been heard by both sides. Then a word
that ends one side and begins the other is written once. A fragment ("thou | thousand") stays:
removing it would be a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from af3core.longform.passages import Transcript
from af3core.longform.word_forms import is_same_word

_BETWEEN = " "


@dataclass(frozen=True)
class TextSpan:
    """Characters `[start_char, end_char)` of a stitched text, and when they were spoken."""

    segment_id: str
    start_ms: int
    end_ms: int
    start_char: int
    end_char: int


@dataclass(frozen=True)
class Stitched:
    """A whole recording's words, with a span for each stretch that has some."""

    text: str
    spans: tuple[TextSpan, ...]


def stitch(written: Sequence[Transcript]) -> Stitched:
    """Join transcripts that are in time order, each word once."""
    parts: list[str] = []
    spans: list[TextSpan] = []
    length, touching_ms = 0, None
    for piece in written:
        words = piece.text.split()
        doubled = piece.starts_in_speech and piece.start_ms == touching_ms
        if doubled and words and parts and is_same_word(parts[-1].split()[-1], words[0]):
            words = words[1:]
        touching_ms = piece.end_ms
        if not words:
            continue
        text = " ".join(words)
        start = length + len(_BETWEEN) if parts else 0
        length = start + len(text)
        parts.append(text)
        spans.append(TextSpan(piece.segment_id, piece.start_ms, piece.end_ms, start, length))
    return Stitched(_BETWEEN.join(parts), tuple(spans))
