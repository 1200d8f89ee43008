"""What each has of a time that several share: a model that answers many at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Share:
    """Seconds of the shared time; known when the body that it measures has ended."""

    seconds: float = 0.0


class SharedTime:
    """Shares time among those that it runs for, by weight: their shares add up to the time in which
    there was any (the virtual time of weighted fair queueing; Demers, Keshav and Shenker 1989).
    """

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._weights = 0.0
        self._per_weight_s = 0.0
        self._since = 0.0

    @contextmanager
    def measured(self, weight: float) -> Iterator[Share]:
        """Gives the share of the body, beside that of others.

        Args:
            weight: above 0.
        """
        share, begun = Share(), self._change(weight)
        try:
            yield share
        finally:
            share.seconds = weight * (self._change(-weight) - begun)

    def _change(self, weight: float) -> float:
        """Let a weight come or go; gives the time so far, per weight."""
        with self._changing:
            now = time.monotonic()
            if self._weights > 0:
                self._per_weight_s += (now - self._since) / self._weights
            self._since = now
            self._weights = max(0.0, self._weights + weight)
            return self._per_weight_s
