"""A stream of samples in, finished clips out, with at most one clip in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from af3core.audio import SAMPLE_RATE_HZ, SAMPLES_PER_MS
from af3core.audio.cut import Levels, Segmentation, Span, clip_end, frame_levels, segment_spans
from af3core.audio.decode import CHUNK_SAMPLES, Pcm
from af3core.audio.describe import Description, describe
from af3core.audio.speech import FRAME_MS, FRAME_SAMPLES, Probabilities, SpeechDetector

SHORTEST_SEGMENT_MS = 100
"""Below it there is no word and hardly an audio token (AF3 makes none below 30 ms)."""


@dataclass(frozen=True)
class CutSegment:
    """A segment in milliseconds from the start of the recording, measured.

    `starts_in_speech`: no pause was near, so that a word may be cut in two.
    """

    start_ms: int
    end_ms: int
    speech_ms: int
    description: Description
    skip_reason: str
    starts_in_speech: bool


@dataclass(frozen=True)
class CutClip:
    """A clip with its samples `[samples]`, int16 at 16 kHz mono."""

    start_ms: int
    end_ms: int
    samples: Pcm
    segments: tuple[CutSegment, ...]


def cut_recording(chunks: Iterable[Pcm], settings: Segmentation) -> Iterator[CutClip]:
    """Cut a decoded recording into clips and segments as it streams by.

    Args:
        chunks: int16 `[samples]`, at most `decode.CHUNK_SAMPLES` each and all but the last of
            whole frames, as `decode` gives them.
    """
    detector = SpeechDetector()
    limit = int(settings.max_clip_s * SAMPLE_RATE_HZ) + FRAME_SAMPLES
    audio: Pcm = np.empty(limit + CHUNK_SAMPLES, np.int16)
    speech: Probabilities = np.zeros(0, np.float32)
    levels: Levels = np.zeros(0, np.float32)
    filled = start_ms = 0
    for chunk in chunks:
        audio[filled : filled + len(chunk)] = chunk
        filled += len(chunk)
        speech = np.concatenate([speech, detector.feed(chunk)])
        levels = np.concatenate([levels, frame_levels(chunk)])
        while filled > limit:
            end = clip_end(speech, levels, settings)
            used = end * FRAME_SAMPLES
            yield _clip(audio[:used], speech[:end], levels[:end], start_ms, settings)
            # the clip keeps the old buffer; a new one takes memory only as it fills
            rest, audio = audio[used:filled], np.empty_like(audio)
            audio[: len(rest)] = rest
            filled -= used
            del rest
            speech, levels = speech[end:], levels[end:]
            start_ms += end * FRAME_MS
    if filled:
        speech = np.concatenate([speech, detector.finish()])
        yield _clip(audio[:filled], speech, levels, start_ms, settings)


def _clip(
    samples: Pcm, speech: Probabilities, levels: Levels, start_ms: int, settings: Segmentation
) -> CutClip:
    end_ms = start_ms + round(len(samples) / SAMPLES_PER_MS)
    spans = segment_spans(speech, levels, settings)
    segments = tuple(
        _segment(samples, speech, span, start_ms, end_ms if span is spans[-1] else None, settings)
        for span in spans
    )
    return CutClip(start_ms, end_ms, samples, segments)


def _segment(
    samples: Pcm,
    speech: Probabilities,
    span: Span,
    clip_start_ms: int,
    end_ms: int | None,
    settings: Segmentation,
) -> CutSegment:
    start = clip_start_ms + span.start * FRAME_MS
    end = clip_start_ms + span.end * FRAME_MS if end_ms is None else end_ms
    spoken = int((speech[span.start : span.end] >= settings.speech_probability).sum()) * FRAME_MS
    around_start = speech[max(span.start - 1, 0) : span.start + 1]
    skip_reason = ""
    if span.silent:
        skip_reason = "silence"
    elif end - start < SHORTEST_SEGMENT_MS:
        skip_reason = "too_short"
    return CutSegment(
        start_ms=start,
        end_ms=end,
        speech_ms=min(spoken, end - start),
        description=describe(samples[span.start * FRAME_SAMPLES : span.end * FRAME_SAMPLES]),
        skip_reason=skip_reason,
        starts_in_speech=start > 0 and bool((around_start >= settings.speech_probability).all()),
    )
