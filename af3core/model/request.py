"""What an engine is asked and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from af3core.errors import ModelError

Waveform = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Request:
    """One question over one stretch of audio.

    `audio` is mono float32 at 16 kHz, `[samples]`; requests over the same stretch share the array.
    """

    audio: Waveform = field(repr=False)
    prompt: str
    max_new_tokens: int
    repetition_penalty: float = 1.0


@dataclass(frozen=True)
class Answer:
    """The model's words; `finish_reason` is `stop` or `length`."""

    text: str
    token_count: int
    mean_logprob: float | None
    finish_reason: str


class Engine(Protocol):
    """Answers requests, in order, one result each: a bad request fails alone."""

    name: str

    def answer(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """One answer or one error per request."""
        ...
