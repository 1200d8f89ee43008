"""Sounds as the windows that an encoder hears, and runs of like length for one call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from af3core.model.audio_limits import AudioLimit, audio_tokens, mel_frames
from af3core.model.request import Sound, Waveform


@dataclass(frozen=True)
class Window:
    """A stretch of the sound of this index, the how manieth of it."""

    sound: int
    number: int
    samples: Waveform

    @property
    def frames(self) -> int:
        """Of its log-mel."""
        return mel_frames(len(self.samples))

    @property
    def tokens(self) -> int:
        """In the prompt."""
        return audio_tokens(len(self.samples))


def windows_of(sounds: Sequence[Sound], limit: AudioLimit) -> list[Window]:
    """The windows of all sounds, in order."""
    return [
        Window(sound, number, samples)
        for sound, heard in enumerate(sounds)
        for number, samples in enumerate(heard.windows(limit))
    ]


def window_batches(windows: Sequence[Window], tokens_at_once: int) -> Iterator[list[int]]:
    """Indices of windows for one call each, the longest first."""
    order = sorted(range(len(windows)), key=lambda i: -len(windows[i].samples))
    for batch in batches([windows[i].tokens for i in order], tokens_at_once):
        yield [order[i] for i in batch]


def join_windows(
    windows: Sequence[Window], embeddings: Mapping[int, Tensor], sounds: int
) -> list[Tensor]:
    """Each sound's embeddings from those of its windows (by index)."""
    return [
        torch.cat([embeddings[i] for i, window in enumerate(windows) if window.sound == number])
        for number in range(sounds)
    ]


def batches(costs: Sequence[int], budget: int) -> Iterator[range]:
    """Runs of neighbours, longest first, whose padded cost fits the budget; at least one each."""
    start = 0
    while start < len(costs):
        count = max(1, budget // max(costs[start], 1))
        yield range(start, min(start + count, len(costs)))
        start += count
