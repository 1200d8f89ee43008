"""Answers that are JSON documents of a schema: llguidance says which tokens may come next."""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from af3core.model.prompt import InvalidPrompt


class JsonConstraint:
    """Follows one answer and forbids every token that no document of the schema continues with.

    Raises:
        InvalidPrompt: the schema cannot be used.
    """

    def __init__(self, tokenizer: Any, schema: str) -> None:
        import llguidance

        try:
            grammar = llguidance.LLMatcher.grammar_from_json_schema(
                json.loads(schema), defaults={"whitespace_flexible": False}
            )
        except ValueError as error:
            raise InvalidPrompt(f"the JSON schema is no JSON ({error})") from error
        known = _guidance_tokenizer(tokenizer)
        self._words: int = known.vocab_size
        self._matcher = llguidance.LLMatcher(known, grammar)
        if self._matcher.is_error():
            raise InvalidPrompt(f"the JSON schema cannot be used: {self._matcher.get_error()}")
        self._mask: Tensor | None = None

    def mask_logits(self, logits: Tensor) -> Tensor:
        """`logits [vocabulary]` with what may not come next at minus infinity, and with it what the
        tokenizer has no word for: decoders are often padded to a round size.
        """
        bits = torch.arange(32, dtype=torch.int32)
        mask = torch.from_numpy(self.allowed_bits())
        known = ((mask[:, None] >> bits) & 1).bool().flatten()[: self._words]
        allowed = torch.zeros(logits.shape[0], dtype=torch.bool)
        allowed[: self._words] = known[: logits.shape[0]]
        return logits.masked_fill(~allowed.to(logits.device), float("-inf"))

    def allowed_bits(self) -> npt.NDArray[np.int32]:
        """What may come next, a bit for each of the tokenizer's words, 32 in a number; the next
        call overwrites it.
        """
        import llguidance.torch as guidance

        if self._mask is None:
            self._mask = guidance.allocate_token_bitmask(1, self._words)
        guidance.fill_next_token_bitmask(self._matcher, self._mask)
        bits: npt.NDArray[np.int32] = self._mask[0].numpy()
        if self._words % 32:  # the last number has bits of no word
            bits[self._words // 32] &= (1 << self._words % 32) - 1
        return bits

    def accept(self, token: int) -> None:
        """The token that was chosen."""
        if not self._matcher.is_stopped():
            self._matcher.consume_token(token)


@functools.lru_cache(maxsize=4)
def _guidance_tokenizer(tokenizer: Any) -> Any:
    from llguidance.hf import from_tokenizer

    return from_tokenizer(tokenizer)
