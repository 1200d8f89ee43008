"""Tokens of the answers that are being written, by slot, in arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


class TokenHistory:
    """What each slot's answer has so far.

    Args:
        slots: answers at once.
    """

    def __init__(self, slots: int) -> None:
        self._ids = np.zeros((slots, 0), np.int32)
        self._logprobs = np.zeros((slots, 0), np.float32)
        self._counts = np.zeros(slots, np.int64)

    def begin(self, slot: int, most_tokens: int) -> None:
        """An answer of no token yet."""
        self._counts[slot] = 0
        more = most_tokens - self._ids.shape[1]
        if more > 0:
            self._ids = np.pad(self._ids, ((0, 0), (0, more)))
            self._logprobs = np.pad(self._logprobs, ((0, 0), (0, more)))

    def add(
        self,
        slots: npt.NDArray[np.int64],
        ids: npt.NDArray[np.int32],
        logprobs: npt.NDArray[np.float32],
    ) -> None:
        """One token more for each of these slots, which differ."""
        places = self._counts[slots]
        self._ids[slots, places] = ids
        self._logprobs[slots, places] = logprobs
        self._counts[slots] = places + 1

    def of(self, slot: int) -> tuple[list[int], list[float]]:
        """An answer's tokens with their log-probabilities."""
        count = self._counts[slot]
        return self._ids[slot, :count].tolist(), self._logprobs[slot, :count].tolist()
