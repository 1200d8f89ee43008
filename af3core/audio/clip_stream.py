"""A stream of samples in, finished clips out, with at most one clip in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from af3core.audio import SAMPLE_RATE_HZ, SAMPLES_PER_MS
from af3core.audio.channel_mix import CHUNK_SAMPLES, Chunk, ClipMix, Pcm
from af3core.audio.cut_points import (
    Levels,
    Segmentation,
    Span,
    clip_end,
    frame_levels,
    segment_spans,
)
from af3core.audio.segment_measures import SegmentMeasures, measure_segment
from af3core.audio.skip_reasons import skip_reason
from af3core.audio.unheard import UnheardSpeech
from af3core.audio.voice_activity import FRAME_MS, FRAME_SAMPLES, Probabilities, SpeechDetector


@dataclass(frozen=True)
class CutSegment:
    """A segment in milliseconds from the start of the recording, measured.

    `starts_in_speech`: no pause was near, so that a word may be cut in two.
    """

    start_ms: int
    end_ms: int
    speech_ms: int
    description: SegmentMeasures
    skip_reason: str
    starts_in_speech: bool


@dataclass(frozen=True)
class CutClip:
    """A clip with its samples `[samples]`, int16 at 16 kHz mono."""

    start_ms: int
    end_ms: int
    samples: Pcm
    segments: tuple[CutSegment, ...]


def cut_recording(
    chunks: Iterable[Chunk] | Iterable[Pcm],
    settings: Segmentation,
    unheard: UnheardSpeech | None = None,
) -> Iterator[CutClip]:
    """Cut a decoded recording into clips and segments as it streams by.

    Args:
        chunks: as `channel_mix.mix` gives them, or int16 `[samples]`, at most CHUNK_SAMPLES each
            and all but the last of whole frames, as `decode` gives them.
        unheard: is told what the other channels hold, where one is heard.
    """
    detector = SpeechDetector()
    limit = int(settings.max_clip_s * SAMPLE_RATE_HZ) + FRAME_SAMPLES
    audio = ClipMix(limit + CHUNK_SAMPLES)
    speech: Probabilities = np.zeros(0, np.float32)
    levels: Levels = np.zeros(0, np.float32)
    start_ms = 0
    for each in chunks:
        chunk = each if isinstance(each, Chunk) else Chunk(each)
        audio.add(chunk)
        heard = detector.feed(chunk.samples)
        if unheard is not None and chunk.others is not None:
            unheard.feed(chunk.others, heard)
        speech = np.concatenate([speech, heard])
        levels = np.concatenate([levels, frame_levels(chunk.samples)])
        while audio.filled > limit:
            end = clip_end(speech, levels, settings)
            samples = audio.take(end * FRAME_SAMPLES)
            yield _clip(
                samples, speech[:end], _levels(audio, samples, levels[:end]), start_ms, settings
            )
            del samples  # while the next clip fills
            speech, levels = speech[end:], levels[end:]
            start_ms += end * FRAME_MS
    if audio.filled:
        speech = np.concatenate([speech, detector.finish()])
        samples = audio.take(audio.filled)
        yield _clip(samples, speech, _levels(audio, samples, levels), start_ms, settings)


def _levels(audio: ClipMix, samples: Pcm, of_chunks: Levels) -> Levels:
    """A clip's levels at its own gain; where it has none they are those of its chunks."""
    return frame_levels(samples) if audio.is_sum else of_chunks


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
    return CutSegment(
        start_ms=start,
        end_ms=end,
        speech_ms=min(spoken, end - start),
        description=measure_segment(samples[span.start * FRAME_SAMPLES : span.end * FRAME_SAMPLES]),
        skip_reason=skip_reason(span.silent, end - start),
        starts_in_speech=start > 0 and bool((around_start >= settings.speech_probability).all()),
    )
