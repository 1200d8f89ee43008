"""Chat completions as answers: one that came whole, and one put together from its pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import httpx

from af3core.model.request import Answer

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)
"""What reading a document raises that is no chat completion."""


@dataclass(frozen=True)
class Completion:
    """An answer, and of how many tokens the server says that the prompt was."""

    answer: Answer
    prompt_tokens: int | None = None


def read_completion(document: Any) -> Completion:
    """A completion that came whole.

    Raises:
        ValueError, TypeError, LookupError, AttributeError: it is none.
    """
    choice, usage = document["choices"][0], document["usage"]
    logprobs = tuple(_logprobs(choice))
    answer = Answer(
        text=choice["message"].get("content") or "",
        token_count=int(usage["completion_tokens"]),
        mean_logprob=fmean(logprobs) if logprobs else None,
        finish_reason="length" if choice["finish_reason"] == "length" else "stop",
        logprobs=logprobs,
    )
    return Completion(answer, usage.get("prompt_tokens"))


@dataclass
class StreamedCompletion:
    """A completion put together from its pieces; tokens as the server counts them, if it does."""

    text: str = ""
    pieces: int = 0
    tokens: int | None = None
    prompt_tokens: int | None = None
    finish_reason: str = ""
    logprobs: list[float] = field(default_factory=list)

    def add(self, event: dict[str, Any]) -> bool:
        """Take one event; true where it brought text."""
        if event.get("usage"):
            self.tokens = int(event["usage"]["completion_tokens"])
            self.prompt_tokens = event["usage"].get("prompt_tokens")
        if not event["choices"]:
            return False
        choice = event["choices"][0]
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        self.logprobs += _logprobs(choice)
        text = (choice.get("delta") or {}).get("content") or ""
        self.text += text
        self.pieces += bool(text)
        return bool(text)

    def completion(self) -> Completion:
        """The whole; of a server that counts no tokens, those whose log-probabilities it gave."""
        answer = Answer(
            text=self.text,
            token_count=self.tokens or len(self.logprobs) or self.pieces,
            mean_logprob=fmean(self.logprobs) if self.logprobs else None,
            finish_reason="length" if self.finish_reason == "length" else "stop",
            logprobs=tuple(self.logprobs),
        )
        return Completion(answer, self.prompt_tokens)


async def event_data(response: httpx.Response) -> AsyncIterator[bytes]:
    """The data of each event before `[DONE]`.

    Lines end with line feeds alone: httpx's own lines end at separators that JSON leaves as they
    are, U+2028 among them.
    """
    rest = b""
    async for piece in response.aiter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            name, _, data = line.partition(b":")
            if name == b"data" and data.strip() == b"[DONE]":
                return
            if name == b"data":
                yield data.strip()


def _logprobs(choice: dict[str, Any]) -> list[float]:
    """Of a choice's tokens; none where the server gives none."""
    tokens = (choice.get("logprobs") or {}).get("content") or []
    return [float(token["logprob"]) for token in tokens]
