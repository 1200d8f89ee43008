"""A description spoken: Opus, its length, and how long the voice took."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from af3core.errors import ModelError
from af3core.speech.sound_file import write_sound
from af3core.speech.text_chunks import chunk_text
from af3core.speech.voice import AudioChunk, Voice

SOUND_VERSION = 1
"""Counts up whenever the same text and voice would give other bytes."""


class NotSpoken(ModelError):
    """The voice could not speak a text, or gave no sound for it."""


@dataclass(frozen=True)
class SpeechFile:
    """A text as sound.

    Attributes:
        opus: the file.
        duration_ms: of the speech.
        first_audio_ms: from the text to the first chunk.
        real_time_factor: time to speak it over its duration; below 1 is faster than it is heard.
    """

    opus: bytes = field(repr=False)
    duration_ms: int
    first_audio_ms: float
    real_time_factor: float


def make_speech_file(voice: Voice, text: str) -> SpeechFile:
    """Speak a text, a piece at a time.

    Raises:
        NotSpoken: the voice failed, or gave no sound.
    """
    file, seconds = io.BytesIO(), list[float]()
    try:
        chunks = _time_chunks(voice.speak(chunk_text([text])), seconds)
        duration_ms = write_sound(file, "opus", voice.sample_rate_hz, chunks)
    except (RuntimeError, ValueError, IndexError) as error:
        raise NotSpoken(f"voice {voice.name} failed ({error}); take another voice") from error
    if not duration_ms:
        raise NotSpoken(f"voice {voice.name} has no sound for its text; take another voice")
    return SpeechFile(
        opus=file.getvalue(),
        duration_ms=duration_ms,
        first_audio_ms=round(1000 * seconds[0], 3),
        real_time_factor=round(1000 * sum(seconds) / duration_ms, 6),
    )


def _time_chunks(chunks: Iterator[AudioChunk], seconds: list[float]) -> Iterator[AudioChunk]:
    """The chunks; how long each was waited for is added to `seconds`."""
    while True:
        begun = time.perf_counter()
        chunk = next(chunks, None)
        seconds.append(time.perf_counter() - begun)
        if chunk is None:
            return
        if not np.isfinite(chunk.samples).all():
            raise ValueError("samples that are no numbers")
        yield chunk
