"""Text of an archive or a model as words alone: nothing in it can steer a voice. Pure."""

from __future__ import annotations

import unicodedata

_MARKS = frozenset("<>[]{}|\\^~*_`#")
"""Signs of SSML, of phonemes in brackets, of special tokens, and of Markdown."""

_CLOSING = "\"'”’)"


def plain(text: str) -> str:
    """The text on one line, without control signs and signs of markup.

    What stood between such signs stays and is read out as words.
    """
    return " ".join("".join(map(_as_word, text)).split())


def sentence(text: str) -> str:
    """Plain, beginning with a capital and ending with a stop; empty where nothing can be said."""
    said = plain(text)
    if not any(sign.isalnum() for sign in said):
        return ""
    said = said[0].upper() + said[1:]
    ends = said.rstrip(_CLOSING).endswith((".", "!", "?", "…", "。"))
    return said if ends else f"{said.rstrip(' ,;:')}."


def _as_word(sign: str) -> str:
    if sign == "&":
        return " and "
    category = unicodedata.category(sign)
    if category == "Cf":  # a soft hyphen or a joiner stands within a word
        return ""
    return " " if sign in _MARKS or category.startswith("C") else sign
