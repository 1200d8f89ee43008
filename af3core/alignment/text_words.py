"""The words of a transcript as it is written, each with its place in the text."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
"""Scripts that are written without spaces between words: each sign of them is a word here."""
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "＇": "'"})


@dataclass(frozen=True)
class TextWord:
    """A word, or a sign of a script without spaces.

    Attributes:
        text: as it is written, with the marks that touch it.
        normal: in lower case, letters, digits, signs of sums and inner marks alone.
        start_char, end_char: code points of the text, `[start_char, end_char)`.
    """

    text: str
    normal: str
    start_char: int
    end_char: int


def words_of_text(text: str) -> list[TextWord]:
    """The words in their order; marks alone belong to the word before them, or the next one."""
    spans: list[tuple[int, int]] = []
    for chunk in re.finditer(r"\S+", text):
        spans += _chunk_spans(text, chunk.start(), chunk.end())
    return [TextWord(text[a:b], normalised(text[a:b]), a, b) for a, b in spans]


def normalised(text: str) -> str:
    """A word as it is compared: NFKC, without case and outer marks.

    Signs that are spoken (%, &, $, €, £) stay.
    """
    folded = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).casefold()
    kept = [place for place, sign in enumerate(folded) if _is_spoken(sign)]
    return folded[kept[0] : kept[-1] + 1] if kept else ""


def is_unspaced(text: str) -> bool:
    """True where a sign is of a script without spaces between words."""
    return bool(_IS_UNSPACED.search(text))


def _is_spoken(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LNM" or sign in "%&$€£"


def _chunk_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """What stands between spaces, cut at signs of scripts without them; none where all is marks."""
    pieces = list(_pieces(text, start, end))
    spans: list[tuple[int, int]] = []
    open_at = start
    for at, stop in pieces:
        if normalised(text[at:stop]):
            spans.append((open_at, stop))
        elif spans:
            spans[-1] = (spans[-1][0], stop)
        else:
            continue
        open_at = stop
    return spans


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A sign of a script without spaces with its marks; all that is between such signs."""
    starts, before = [start], ""
    for place in range(start, end):
        sign = text[place]
        if unicodedata.category(sign)[0] == "M":
            continue
        kind = "sign" if is_unspaced(sign) else "letter" if _is_spoken(sign) else "mark"
        if kind == "mark" and before in ("sign", "mark behind sign"):
            kind = "mark behind sign"
        behind = before in ("sign", "mark behind sign") and kind != before
        if place > start and (kind == "sign" or behind):
            starts.append(place)
        before = kind
    yield from itertools.pairwise([*starts, end])
