"""Which pieces a process works on: no more than its memory and its model have room for.

A piece's claim is taken with the room for it, so that nobody holds a piece that others, of this
machine or another one, could ask about sooner.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from types import TracebackType

from beam_jobs.framework.budget import Budget
from beam_jobs.framework.overlapping_work import check_wanted

HEARD_BYTES = 512 << 20
"""Of sounds that are decoded and not yet answered: more than an hour."""
_BYTES_A_MS = 16 * 4 + 128 * 4 // 10
"""Of float32 at 16 kHz, and of their log-mel, 128 numbers each 10 ms."""
_AHEAD = 3
"""Of the engine's budget of tokens, what is asked at once: half of it runs or is to start next
(`stream_batches`), half is read and decoded meanwhile, or stored."""
_FIRST_TOKENS = 32_768
"""Before the engine is loaded: a few pieces are read meanwhile."""

heard = Budget(HEARD_BYTES)
"""Bytes of sounds, of this process."""
asked = Budget(_FIRST_TOKENS)
"""Tokens of pieces that are worked on, of this process."""
decoding = threading.BoundedSemaphore(max(1, len(os.sched_getaffinity(0)) - 1))
"""Sounds that are decoded at once: a core is left to the engine."""


@dataclass(frozen=True)
class Need:
    """What a piece takes while it is worked on.

    Attributes:
        sound_bytes: of what is heard, decoded.
        tokens: about so many of the engine's budget.
    """

    sound_bytes: int
    tokens: int


def sound_bytes(length_ms: int) -> int:
    """Of sounds of a length together, decoded, with their log-mel."""
    return length_ms * _BYTES_A_MS


def fit_engine(batch_tokens: float) -> None:
    """From now on, work on as many pieces as keep an engine of this budget busy."""
    asked.set_total(_AHEAD * batch_tokens)


class Room:
    """Room for a piece, entered before its claim is taken, and as often as that is tried.

    Args:
        need: of the piece.
    """

    def __init__(self, need: Need) -> None:
        self._need = need
        self._held = Need(0, 0)

    def __enter__(self) -> None:
        """Wait for the room.

        Raises:
            BundleEnds: the piece is not to begin any more.
        """
        asked.take(self._need.tokens, check_wanted)
        try:
            heard.take(self._need.sound_bytes, check_wanted)
        except BaseException:
            asked.change(-self._need.tokens)
            raise
        self._held = self._need

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.fit(Need(0, 0))

    def fit(self, need: Need) -> None:
        """Hold what is needed, now that it is known better: at once, and more where it is more."""
        asked.change(need.tokens - self._held.tokens)
        heard.change(need.sound_bytes - self._held.sound_bytes)
        self._held = need

    def fit_sounds(self, count: int) -> None:
        """The same of the bytes of sounds alone."""
        self.fit(Need(count, self._held.tokens))
