"""An answer while it is written: when it ends, and what it says."""

from __future__ import annotations

from typing import Any

from af3core.model.request import Answer, Decoding
from af3core.model.streaming import Listener
from af3core.model.streaming_text import SafeText


class Writing:
    """Collects one answer's tokens until an end token, a stop text or the limit.

    Its text is said to `listener` as it grows, where there is one.
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
        self._stopped_text: str | None = None
        self.listener = listener
        self._safe_text = SafeText(tokenizer, decoding.stop)

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
        if self._decoding.stop and self._stop_text():
            self._finish_reason = "stop"
        elif len(self._ids) >= self._decoding.max_new_tokens:
            self._finish_reason = "length"
        elif self.listener is not None:
            self.listener.say(self._safe_text.add(token))
        return bool(self._finish_reason)

    def answer(self) -> Answer:
        """The finished answer."""
        text = self._stopped_text if self._stopped_text is not None else self._text()
        return Answer(
            text=text,
            token_count=len(self._ids),
            mean_logprob=sum(self._logprobs) / len(self._logprobs),
            finish_reason=self._finish_reason,
            token_ids=tuple(self._ids),
            logprobs=tuple(self._logprobs),
        )

    def _text(self) -> str:
        text: str = self._tokenizer.decode(self._ids, skip_special_tokens=True)
        return text

    def _stop_text(self) -> bool:
        """Cut the text before the first stop text, if one stands in it."""
        text = self._text()
        starts = [start for stop in self._decoding.stop if (start := text.find(stop)) >= 0]
        if starts:
            self._stopped_text = text[: min(starts)]
        return bool(starts)
