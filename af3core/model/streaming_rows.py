"""The rows of a batch that transformers' `generate` writes, watched token by token."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import StoppingCriteria
from transformers.generation.streamers import BaseStreamer

from af3core.model.writing import Writing


class RowWatch(BaseStreamer):
    """A streamer for a whole batch: says each row's text to its listener.

    Args:
        writings: of the rows, which end on their own; their log-probabilities are not used.
    """

    def __init__(self, writings: Sequence[Writing]) -> None:
        self._writings = writings
        self._ended = [False] * len(writings)
        self.stop_rows = _StopRows(writings, self._ended)

    def put(self, value: Tensor) -> None:
        """The prompts `[rows, tokens]` first, then each step's tokens `[rows]`."""
        if value.ndim > 1:
            return
        for row, token in enumerate(value.tolist()):
            if not self._ended[row]:
                self._ended[row] = self._writings[row].add(token, 0.0)

    def end(self) -> None:
        """Called when all rows are written."""


class _StopRows(StoppingCriteria):
    """Ends rows that are cancelled, or at a stop text."""

    def __init__(self, writings: Sequence[Writing], ended: Sequence[bool]) -> None:
        self._writings = writings
        self._ended = ended

    def __call__(self, input_ids: Tensor, scores: Tensor, **options: object) -> Tensor:
        done = [
            ended or writing.cancelled
            for ended, writing in zip(self._ended, self._writings, strict=True)
        ]
        return torch.tensor(done, device=input_ids.device)
