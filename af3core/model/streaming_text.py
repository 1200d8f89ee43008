"""The text of an answer that is still written, as far as nothing of it will be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_INCOMPLETE = "\N{REPLACEMENT CHARACTER}"
_WINDOW_TOKENS = 16
"""Tokens that are decoded anew at most, where characters end between them."""


class SafeText:
    """Turns tokens into text as they come.

    Back is held what may change: the bytes of a character that is not complete, and an ending that
    may grow to a stop text. Decoding begins anew at the end of a complete character, so that a
    long answer costs no more a token than a short one; byte-level tokenizers, Qwen2's among them,
    write the same text in pieces as at once.
    """

    def __init__(self, tokenizer: Any, stop: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._stop = stop
        self._settled = ""
        self._ids: list[int] = []

    def add(self, token: int) -> str:
        """The safe text after one token more, which has brought no stop text."""
        self._ids.append(token)
        text: str = self._tokenizer.decode(self._ids, skip_special_tokens=True)
        if len(self._ids) >= _WINDOW_TOKENS and not text.endswith(_INCOMPLETE):
            self._settled += text
            self._ids, text = [], ""
        safe = (self._settled + text).rstrip(_INCOMPLETE)
        return safe[: len(safe) - self._begun_stop(safe)]

    def _begun_stop(self, text: str) -> int:
        """Characters at the end of the text that a stop text may begin with, the most."""
        longest = max(map(len, self._stop), default=0)
        for count in range(min(longest, len(text)), 0, -1):
            if any(stop.startswith(text[-count:]) for stop in self._stop):
                return count
        return 0
