"""The words of a text as the index compares them: lower case, without accents."""

from __future__ import annotations

import re
import unicodedata

_TOKEN = re.compile(r"[^\W_]+")


def tokens_of(text: str) -> list[str]:
    """The normalised words of a text, as the index has them."""
    return [fold(token) for token in _TOKEN.findall(text)]


def token_spans(text: str) -> list[tuple[int, int, str]]:
    """Start, end and normalised form of each word."""
    return [(found.start(), found.end(), fold(found[0])) for found in _TOKEN.finditer(text)]


def fold(word: str) -> str:
    """Lower case, without accents."""
    return _without_accents(_without_accents(word).casefold())


def _without_accents(word: str) -> str:
    parts = unicodedata.normalize("NFKD", word)
    return "".join(part for part in parts if not unicodedata.combining(part))
