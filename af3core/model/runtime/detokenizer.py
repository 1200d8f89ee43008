"""From tokens to text: one answer while it is written, and what of its text is safe to show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from af3core.model.request import Answer, Decoding
from af3core.model.streaming.stream import Listener

_INCOMPLETE = "\N{REPLACEMENT CHARACTER}"
_WINDOW_TOKENS = 16
"""Tokens that are decoded anew at most, where characters end between them."""


class Detokenizer:
    """Collects one answer's tokens until an end token, a stop text or the limit.

    A `listener` gets its safe text as it grows.
    """

    def __init__(
        self,
        decoding: Decoding,
        end_ids: frozenset[int],
        tokenizer: Any,
        listener: Listener | None = None,
    ) -> None:
        self._decoding = decoding
        self._end_ids = end_ids
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._logprobs: list[float] = []
        self._finish_reason = ""
        self._text_before_stop: str | None = None
        self.listener = listener
        self._incremental = IncrementalText(tokenizer, decoding.stop)

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants the answer any more."""
        return self.listener is not None and self.listener.cancelled

    def add(self, token: int, logprob: float) -> bool:
        """Take one token more; true where the answer is finished by it."""
        self._logprobs.append(logprob)
        if token in self._end_ids:
            self._finish_reason = "stop"
            return True
        self._ids.append(token)
        if self._decoding.stop and self._cut_at_stop():
            self._finish_reason = "stop"
        elif len(self._ids) >= self._decoding.max_new_tokens:
            self._finish_reason = "length"
        elif self.listener is not None:
            self.listener.set_text(self._incremental.add(token))
        return bool(self._finish_reason)

    def add_all(self, ids: Sequence[int], logprobs: Sequence[float]) -> None:
        """The tokens of a whole answer to its end, which has no stop text and no listener."""
        ends = ids[-1] in self._end_ids
        self._ids += ids[:-1] if ends else ids
        self._logprobs += logprobs
        self._finish_reason = "stop" if ends else "length"

    def answer(self) -> Answer:
        """The finished answer."""
        text = self._text_before_stop if self._text_before_stop is not None else self._text()
        return Answer(
            text=text,
            token_count=len(self._ids),
            mean_logprob=sum(self._logprobs) / len(self._logprobs),
            finish_reason=self._finish_reason,
            token_ids=tuple(self._ids),
            logprobs=tuple(self._logprobs),
        )

    def _text(self) -> str:
        return _decoded(self._tokenizer, self._ids)

    def _cut_at_stop(self) -> bool:
        """Cut the text before the first stop text, if one stands in it."""
        text = self._text()
        starts = [start for stop in self._decoding.stop if (start := text.find(stop)) >= 0]
        if starts:
            self._text_before_stop = text[: min(starts)]
        return bool(starts)


class IncrementalText:
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
        text = _decoded(self._tokenizer, self._ids)
        if len(self._ids) >= _WINDOW_TOKENS and not text.endswith(_INCOMPLETE):
            self._settled += text
            self._ids, text = [], ""
        safe = (self._settled + text).rstrip(_INCOMPLETE)
        return safe[: len(safe) - self._stop_prefix_length(safe)]

    def _stop_prefix_length(self, text: str) -> int:
        """Characters at the end of the text that a stop text may begin with, the most."""
        longest = max(map(len, self._stop), default=0)
        for count in range(min(longest, len(text)), 0, -1):
            if any(stop.startswith(text[-count:]) for stop in self._stop):
                return count
        return 0


def _decoded(tokenizer: Any, ids: list[int]) -> str:
    """As transformers' `decode`, which first asks each token in Python what it is, for longer than
    all of them take to be decoded: its Rust part is asked where nothing is tidied up behind it.
    """
    if tokenizer.is_fast and not tokenizer.clean_up_tokenization_spaces:
        tokenizer = tokenizer.backend_tokenizer
    text: str = tokenizer.decode(ids, skip_special_tokens=True)
    return text
