"""A text that was given to the model as its own answer, and what the model made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from af3core.model.request import Request

Head = tuple[int, int]
"""Of the decoder: its layer and its query head, from 0."""


@dataclass(frozen=True)
class ForcedAnswer:
    """A text as the model would have written it.

    Attributes:
        offsets: code points `[start, end)` of each token in the text.
        logprobs: of each token, after the prompt and the tokens before it.
        heads: whose attention is held.
        attention: `[heads, tokens, audio tokens]` float32: what the row that writes a token attends
            to in the sound, of all that it sees.
    """

    offsets: tuple[tuple[int, int], ...]
    logprobs: npt.NDArray[np.float32] = field(repr=False)
    heads: tuple[Head, ...]
    attention: npt.NDArray[np.float32] = field(repr=False)


class AnswerForcer(Protocol):
    """An engine that can be given an answer: ours alone."""

    def force(self, request: Request, text: str, heads: Sequence[Head] | None) -> ForcedAnswer:
        """A text as the answer to a request about one sound.

        Args:
            request: about one sound, once.
            text: not empty.
            heads: whose attention is wanted; None for all.

        Raises:
            ModelError: the sound, the words or their length are none that the model takes.
        """
        ...
