"""The next token of each row, from its logits: greedy or sampled, penalised, constrained.

Rules and their order are those of transformers' `generate`: repetition penalty, least length,
then temperature, top-k, top-p. A token's log-probability is that before the last three.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from af3core.model.request import Decoding
from af3core.model.runtime.json_constraint import JsonConstraint

_NEVER = float("-inf")


class Sampler:
    """Samples the rows of a batch, step by step.

    Args:
        decodings: of each row.
        prompts: token ids of each row's prompt, for the repetition penalty.
        end_ids: tokens that end an answer.
        constraints: of each row that answers in JSON, else None.
        logits: the first step's, for sizes and device.
    """

    def __init__(
        self,
        decodings: Sequence[Decoding],
        prompts: Sequence[Sequence[int]],
        end_ids: Sequence[int],
        constraints: Sequence[JsonConstraint | None],
        logits: Tensor,
    ) -> None:
        device = logits.device
        self._decodings = list(decodings)
        self._constraints = list(constraints)
        self._ends = torch.tensor(end_ids, device=device)
        self._steps = 0
        self._seen: Tensor | None = None
        if any(decoding.repetition_penalty != 1.0 for decoding in decodings):
            self._seen = torch.zeros(logits.shape, dtype=torch.bool, device=device)
            for row, ids in zip(self._seen, prompts, strict=True):
                row[torch.tensor(ids, device=device)] = True
        self._generators = [
            torch.Generator(device).manual_seed(d.seed) if d.temperature else None
            for d in decodings
        ]

    def sample(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Token ids `[rows]` and their log-probabilities from `logits [rows, vocabulary]`."""
        logits = self._constrain(logits)
        chosen = logits.argmax(dim=-1)
        for row, generator in enumerate(self._generators):
            if generator is not None:
                chosen[row] = sample_token(logits[row], self._decodings[row], generator)
        picked = logits.gather(-1, chosen[:, None])[:, 0]
        logprobs = picked - logits.logsumexp(dim=-1)
        self._record(chosen)
        return chosen, logprobs

    def keep(self, rows: list[int]) -> None:
        """Drop all other rows."""
        self._decodings = [self._decodings[row] for row in rows]
        self._constraints = [self._constraints[row] for row in rows]
        self._generators = [self._generators[row] for row in rows]
        if self._seen is not None:
            self._seen = self._seen[torch.tensor(rows, device=self._seen.device)]

    def _constrain(self, logits: Tensor) -> Tensor:
        if self._seen is not None:
            penalties = logits.new_tensor([d.repetition_penalty for d in self._decodings])[:, None]
            penalised = torch.where(logits < 0, logits * penalties, logits / penalties)
            logits = torch.where(self._seen, penalised, logits)
        early = [r for r, d in enumerate(self._decodings) if self._steps < d.min_new_tokens]
        if early:
            rows = torch.tensor(early, device=logits.device)
            logits = logits.clone()
            logits[rows[:, None], self._ends[None]] = _NEVER
        for row, constraint in enumerate(self._constraints):
            if constraint is not None:
                logits[row] = constraint.mask_logits(logits[row])
        return logits

    def _record(self, chosen: Tensor) -> None:
        self._steps += 1
        if self._seen is not None:
            self._seen.scatter_(1, chosen[:, None], True)
        for row, constraint in enumerate(self._constraints):
            if constraint is not None:
                constraint.accept(int(chosen[row]))


def sample_token(logits: Tensor, decoding: Decoding, generator: torch.Generator) -> Tensor:
    """One token id from `logits [vocabulary]` by temperature, top-k and top-p (nucleus)."""
    logits = logits / decoding.temperature
    if decoding.top_k:
        kept = logits.topk(min(decoding.top_k, len(logits))).values[-1]
        logits = logits.masked_fill(logits < kept, _NEVER)
    if decoding.top_p < 1.0:
        ordered, order = logits.sort(descending=True)
        probabilities = ordered.softmax(dim=-1)
        before = probabilities.cumsum(dim=-1) - probabilities
        logits = logits.masked_fill(
            torch.zeros_like(logits, dtype=torch.bool).scatter(0, order, before >= decoding.top_p),
            _NEVER,
        )
    return torch.multinomial(logits.softmax(dim=-1), 1, generator=generator)[0]
