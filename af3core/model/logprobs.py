"""Log-probabilities of the tokens that `generate` chooses, kept as one number a step and row.

Asking `generate` for its logits keeps `[steps, batch, vocabulary]`, a gigabyte for a batch of
long answers over AF3's 151,672 tokens; this keeps one step.
"""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import LogitsProcessor


class TokenLogprobs(LogitsProcessor):
    """Sees each step's scores `[batch, vocabulary]`; must be the last processor before sampling.

    A greedy step takes the best token; of a sampled one the token is known a step later, from
    `input_ids`, so each step's log-softmax is kept until then.
    """

    def __init__(self) -> None:
        self._logprobs: list[Tensor] = []
        self._last: Tensor | None = None

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        if self._last is not None:
            self._logprobs.append(self._last.gather(1, input_ids[:, -1:])[:, 0])
        self._last = scores.float().log_softmax(-1)
        return scores

    def of(self, new_ids: Tensor) -> list[list[float]]:
        """Of the new tokens `[batch, steps]`, by row."""
        if self._last is None:
            return [[] for _ in new_ids]
        last = self._last.gather(1, new_ids[:, -1:])[:, 0]
        rows: list[list[float]] = torch.stack([*self._logprobs, last], dim=1).tolist()
        return rows
