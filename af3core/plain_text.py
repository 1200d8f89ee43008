"""Texts of messages: on one line, the same for the same cause, harmless on a terminal."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r" (?:@|at) 0x[0-9a-fA-F]{4,}")
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, what ends a line, what turns the direction of writing, and no characters."""


def printable(text: str) -> str:
    r"""A text whose control characters stand as Python writes them: `\n`, `\x1b`, `\u202e`."""
    return UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def without_addresses(text: str) -> str:
    """A program's message without addresses of its memory, which differ in each run:
    `[mp3 @ 0x55d0c8]` becomes `[mp3]`.
    """
    return _ADDRESS.sub("", text)
