"""Tokens of the answers that are being written, by slot, in arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


class TokenHistory:
    """The last steps' tokens of all slots. An answer takes part in every step from its first token
    to its last, so that its tokens are those of as many last steps.

    Args:
        slots: answers at once.
    """

    def __init__(self, slots: int) -> None:
        self._ids = np.zeros((0, slots), np.int32)
        self._logprobs = np.zeros((0, slots), np.float32)
        self._counts = np.zeros(slots, np.int64)
        self._steps = 0

    def begin(self, slot: int, most_tokens: int) -> None:
        """An answer of no token yet."""
        self._counts[slot] = 0
        if most_tokens > len(self._ids):
            self._grow(most_tokens)

    def _grow(self, steps: int) -> None:
        held = len(self._ids)
        order = [(self._steps - back) % held for back in range(held, 0, -1)] if held else []
        ids, logprobs = self._ids[order], self._logprobs[order]
        more = ((0, steps - held), (0, 0))
        self._ids, self._logprobs = np.pad(ids, more), np.pad(logprobs, more)
        self._steps = held

    def add(
        self,
        slots: npt.NDArray[np.int64],
        ids: npt.NDArray[np.int32],
        logprobs: npt.NDArray[np.float32],
    ) -> None:
        """A step's tokens."""
        place = self._steps % len(self._ids)
        self._ids[place][slots] = ids
        self._logprobs[place][slots] = logprobs
        self._counts[slots] += 1
        self._steps += 1

    def of(self, slot: int) -> tuple[list[int], list[float]]:
        """An answer's tokens with their log-probabilities, its last token being the last step's."""
        end = self._steps % len(self._ids) or len(self._ids)
        start = end - int(self._counts[slot])
        ids, logprobs = self._ids[:, slot], self._logprobs[:, slot]
        if start >= 0:
            return ids[start:end].tolist(), logprobs[start:end].tolist()
        return (
            ids[start:].tolist() + ids[:end].tolist(),
            logprobs[start:].tolist() + logprobs[:end].tolist(),
        )
