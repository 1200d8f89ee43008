"""Which clips a process works on: no more than its memory and its model have room for.

A clip's claim is taken with the room for it, so that nobody holds a clip that others, of this
machine or another one, could ask about sooner.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType

from af3core.audio import SAMPLES_PER_MS
from af3core.model.audio_limits import audio_tokens
from af3core.model.streaming.fair_queue import words_tokens
from af3core.tasks.task import Task
from beam_jobs.framework.budget import Budget
from beam_jobs.framework.clip_audio import Span
from beam_jobs.framework.overlapping_work import check_wanted
from beam_jobs.night.pending_questions import PendingQuestion

HEARD_BYTES = 512 << 20
"""Of sounds that are decoded and not yet answered: more than an hour."""
_BYTES_A_MS = 16 * 4 + 128 * 4 // 10
"""Of float32 at 16 kHz, and of their log-mel, 128 numbers each 10 ms."""
_AHEAD = 3
"""Of the engine's budget of tokens, what is asked at once: half of it runs or is to start next
(`stream_batches`), half is read and decoded meanwhile, or stored."""
_FIRST_TOKENS = 32_768
"""Before the engine is loaded: a few clips are read meanwhile."""

heard = Budget(HEARD_BYTES)
"""Bytes of sounds, of this process."""
asked = Budget(_FIRST_TOKENS)
"""Tokens of clips that are worked on, of this process."""
decoding = threading.BoundedSemaphore(max(1, len(os.sched_getaffinity(0)) - 1))
"""Sounds that are decoded at once: a core is left to the engine."""


@dataclass(frozen=True)
class Need:
    """What a clip takes while it is worked on.

    Attributes:
        sound_bytes: of what is heard, decoded.
        tokens: about so many of the engine's budget.
    """

    sound_bytes: int
    tokens: int


def sound_bytes(length_ms: int) -> int:
    """Of sounds of a length together, decoded, with their log-mel."""
    return length_ms * _BYTES_A_MS


def need_of(
    questions: Iterable[PendingQuestion], tasks: Mapping[str, Task], longest_segment_ms: int
) -> Need:
    """What questions about a clip take; of examples that are heard, no more than this. Pure.

    Args:
        tasks: by their identity.
        longest_segment_ms: of the archive, for examples.
    """
    spans: set[Span] = set()
    examples_ms, tokens = 0, 0
    for question in questions:
        task = tasks[question.task_hash]
        spans.add((question.start_ms, question.end_ms))
        tokens += words_tokens(task.prompt_text) + task.max_new_tokens
        if task.examples_form == "sounds":
            examples_ms += task.examples * longest_segment_ms
    lengths_ms = [end_ms - start_ms for start_ms, end_ms in spans]
    tokens += sum(audio_tokens(length_ms * SAMPLES_PER_MS) for length_ms in lengths_ms)
    tokens += audio_tokens(examples_ms * SAMPLES_PER_MS)
    return Need(sound_bytes(sum(lengths_ms) + examples_ms), tokens)


def fit_engine(batch_tokens: float) -> None:
    """From now on, work on as many clips as keep an engine of this budget busy."""
    asked.set_total(_AHEAD * batch_tokens)


class Room:
    """Room for a clip, entered before its claim is taken, and as often as that is tried.

    Args:
        need: of the clip.
    """

    def __init__(self, need: Need) -> None:
        self._need = need
        self._held = Need(0, 0)

    def __enter__(self) -> None:
        """Wait for the room.

        Raises:
            BundleEnds: the clip is not to be asked about any more.
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
