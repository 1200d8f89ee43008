"""The speech of a channel whose speaker is known by the channel: no voice is compared."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from af3core.audio import SAMPLES_PER_MS
from af3core.audio.clip_file import as_pcm
from af3core.audio.voice_activity import FRAME_MS, frames_with_speech
from af3core.model.request import Waveform

_SHORTEST_GAP_MS = 500
"""Pauses within a turn are shorter."""
_SHORTEST_MS = 200
"""Less is a click, or a breath."""


class ChannelSpan(NamedTuple):
    """A stretch of speech of a channel."""

    start_ms: int
    end_ms: int
    channel: int


def beside_others(spans: Sequence[ChannelSpan]) -> list[bool]:
    """Whether there is speech of another channel in the time of each.

    Args:
        spans: of one recording; none overlaps another of its channel.
    """
    by_channel: defaultdict[int, list[ChannelSpan]] = defaultdict(list)
    for span in sorted(spans):
        by_channel[span.channel].append(span)

    def is_beside(span: ChannelSpan, others: Sequence[ChannelSpan]) -> bool:
        place = bisect_left(others, span.end_ms, key=lambda other: other.start_ms)
        return place > 0 and others[place - 1].end_ms > span.start_ms

    return [
        any(
            is_beside(span, others)
            for channel, others in by_channel.items()
            if channel != span.channel
        )
        for span in spans
    ]


def speech_spans(samples: Waveform, start_ms: int) -> list[tuple[int, int]]:
    """Start and end of each stretch of speech in a clip, from the recording's start.

    Args:
        samples: of the clip, 16 kHz mono.
        start_ms: of the clip.
    """
    clip_end_ms = len(samples) // SAMPLES_PER_MS
    spans: list[tuple[int, int]] = []
    for frame in frames_with_speech(as_pcm(samples)).nonzero()[0].tolist():
        start, end = frame * FRAME_MS, min((frame + 1) * FRAME_MS, clip_end_ms)
        if spans and start - spans[-1][1] < _SHORTEST_GAP_MS:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return [
        (start_ms + start, start_ms + end) for start, end in spans if end - start >= _SHORTEST_MS
    ]
