"""Text cut into pieces to speak while it streams in: sentences, and clauses of long ones.

A place is decided once the first sign behind its white space is known, and by the text up to that
sign alone; so the pieces do not depend on how the stream was cut. White space goes with what
follows it, and all pieces joined are the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_CLAUSE_CHARS = 80
"""From here on a sentence may be cut behind a comma."""
_WORD_CHARS = 200
"""From here on between any two words."""
_FIRST_CLAUSE_CHARS = 40
_FIRST_WORD_CHARS = 100
"""The same of a text's first piece: a listener who waits hears something soon."""

_CLOSING = "\"'”’)]}»*_"
_WIDE_STOPS = "。！？"
_WIDE_CLOSING = _CLOSING + "」』）"
_WIDE_LAST = _WIDE_STOPS + _WIDE_CLOSING
_CLAUSE_ENDS = (",", ";", ":", "–", "—", "-", "…", ".", "!", "?", "，", "、", "；")
_ABBREVIATIONS = frozenset(
    "dr mr mrs ms mx prof rev hon st sr jr gen col lt sgt capt cmdr gov sen rep pres vs cf ca"
    " approx al ed eds vol pp fig figs eq ch sec dept est ext mt ft ave blvd inc ltd co corp"
    " jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun z.b bzw usw"
    " hr fr e.g i.e".split()
)
_BEFORE_NUMBERS = frozenset("no nos nr art p op cap".split())
_LAST_WORD = re.compile(r"[^\s(\[{\"'“‘«*_]+\Z")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]\Z")
_LIST_NUMBER = re.compile(r"\s*\(?\d{1,3}\Z")


class TextChunker:
    """Cuts one text. Feed it with `add`, then `flush`."""

    def __init__(self) -> None:
        self._text = ""
        self._at = 1
        self._limits = (_FIRST_CLAUSE_CHARS, _FIRST_WORD_CHARS)

    def add(self, delta: str) -> list[str]:
        """The pieces that are certain now that the text goes on with `delta`."""
        self._text += delta
        pieces = []
        while (end := self._next_end()) is not None:
            pieces.append(self._text[:end])
            self._text, self._at = self._text[end:], 1
            self._limits = (_CLAUSE_CHARS, _WORD_CHARS)
        return pieces

    def flush(self) -> list[str]:
        """What is left of the text: one piece, or none."""
        rest, self._text, self._at = self._text, "", 1
        self._limits = (_FIRST_CLAUSE_CHARS, _FIRST_WORD_CHARS)
        return [rest] if rest else []

    def _next_end(self) -> int | None:
        """Where the first piece ends, or None while that is open."""
        text = self._text
        while self._at < len(text):
            at = self._at
            following = at
            while following < len(text) and text[following].isspace():
                following += 1
            if following == len(text):
                return None
            if following > at and not text[at - 1].isspace():
                if _ends_chunk(text[:at], text[at:following], text[following], self._limits):
                    return at
            elif text[at - 1] in _WIDE_LAST and _ends_wide(text[:at], text[at]):
                return at
            self._at = max(following, at + 1)
        return None


def chunk_text(deltas: Iterable[str]) -> Iterator[str]:
    """The pieces of a text that comes in deltas, each as soon as it is certain."""
    cutter = TextChunker()
    for delta in deltas:
        yield from cutter.add(delta)
    yield from cutter.flush()


def _ends_chunk(before: str, space: str, after: str, limits: tuple[int, int]) -> bool:
    """True where a piece ends between `before` and the white space that `after` follows.

    `limits` are the lengths from which it may end behind a clause, and behind any word.
    """
    if not any(sign.isalnum() for sign in before):
        return False
    if "\n" in space or _ends_sentence(before, after):
        return True
    clause_chars, word_chars = limits
    if len(before) >= word_chars:
        return True
    bare = before.rstrip(_CLOSING)
    return (
        len(before) >= clause_chars and bare.endswith(_CLAUSE_ENDS) and not _ends_abbreviation(bare)
    )


def _ends_sentence(before: str, after: str) -> bool:
    bare = before.rstrip(_CLOSING)
    if bare.endswith(tuple(_WIDE_STOPS)):
        return True
    if bare.endswith(("!", "?")):
        return bare == before or not after.islower()
    if not bare.endswith(".") or bare.endswith("..") or after.islower():
        return False
    word = _word_before_stop(bare)
    if word in _BEFORE_NUMBERS and after.isdigit():
        return False
    return not _ends_abbreviation(bare) and _LIST_NUMBER.match(bare[:-1]) is None


def _ends_abbreviation(bare: str) -> bool:
    """True where the stop at the end belongs to a word: Dr., e.g., U.S., J."""
    if not bare.endswith("."):
        return False
    word = _word_before_stop(bare)
    return word in _ABBREVIATIONS or _INITIALS.match(word) is not None


def _word_before_stop(bare: str) -> str:
    found = _LAST_WORD.search(bare[max(0, len(bare) - 20) : -1])
    return found.group().lower() if found else ""


def _ends_wide(before: str, after: str) -> bool:
    """True behind a stop of Chinese or Japanese, unless more of the same or a bracket follows."""
    return (
        before.rstrip(_WIDE_CLOSING).endswith(tuple(_WIDE_STOPS))
        and after not in _WIDE_LAST
        and any(sign.isalnum() for sign in before)
    )
