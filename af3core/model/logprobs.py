"""Log-probabilities of the tokens that greedy decoding chooses, kept as sums per row.

Asking `generate` for its logits keeps `[steps, batch, vocabulary]`, a gigabyte for a batch of
long answers over AF3's 151,672 tokens; this keeps one step.
"""

from __future__ import annotations

import torch
from transformers import LogitsProcessor


class TokenLogprobs(LogitsProcessor):
    """Sees each step's scores `[batch, vocabulary]`; `[batch, steps]` when done.

    Must be the last processor, so that it sees what the choice is made from.
    """

    def __init__(self) -> None:
        self._best: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        # greedy decoding takes the best token, so its log-probability is known here
        best = scores.max(dim=-1).values.float()
        self._best.append(best - torch.logsumexp(scores.float(), dim=-1))
        return scores

    def mean_per_row(self, token_counts: list[int]) -> list[float | None]:
        """Mean over each row's own tokens, the end token included; None without a token."""
        if not self._best:
            return [None for _ in token_counts]
        logprobs = torch.stack(self._best, dim=1).cpu()
        return [
            float(row[:count].mean()) if count else None
            for row, count in zip(logprobs, token_counts, strict=True)
        ]
