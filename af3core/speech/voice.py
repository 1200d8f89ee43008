"""What every voice is: pieces of text in, chunks of audio out, both as streams."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from af3core.errors import ConfigurationError
from schemas.options.derive import FASTEST, SLOWEST

Samples = npt.NDArray[np.float32]

_CHUNK_MS = 200
"""Longest chunk: a listener who interrupts hears no more than the chunks that are out."""


_MARKUP = re.compile(r"[*`]+|^\s*#+(?=\s)")


@dataclass(frozen=True, eq=False)
class AudioChunk:
    """A stretch of speech.

    Attributes:
        samples: mono `[samples]`, float32 in [-1, 1].
        sample_rate_hz: the same for all chunks of a voice.
        text: what begins to be spoken with this chunk; empty where it goes on with a piece.
        start_ms: since the start of the speech.
    """

    samples: Samples = field(repr=False)
    sample_rate_hz: int
    text: str
    start_ms: int

    @property
    def duration_ms(self) -> int:
        """Rounded to a millisecond."""
        return round(1000 * len(self.samples) / self.sample_rate_hz)


@dataclass(frozen=True)
class VoiceSettings:
    """How a voice speaks.

    Attributes:
        speaker: whom a voice of many speaks as, in its own terms: an espeak-ng voice (`en-us+f3`),
            the number of a speaker (VITS), a recording of the speaker (Pocket TTS). Empty: its own.
        speed: 2.0 is twice as fast as the voice's own.
        seed: of voices that draw at random; the same text and seed give the same audio.

    Raises:
        ConfigurationError: a speed at which no voice speaks.
    """

    speaker: str = ""
    speed: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not SLOWEST <= self.speed <= FASTEST:
            raise ConfigurationError(f"speed {self.speed:g}: take {SLOWEST:g} to {FASTEST:g}")


class Voice(Protocol):
    """A voice that is loaded. Several threads may speak with it at once."""

    @property
    def name(self) -> str:
        """Backend and speaker, for tables and reports."""

    @property
    def sample_rate_hz(self) -> int:
        """Of all chunks."""

    def speak(self, pieces: Iterable[str]) -> Iterator[AudioChunk]:
        """Chunks of at most 200 ms; a piece is taken when the one before is out.

        The texts of all chunks are the pieces, but for signs at the end that have no sound.
        """


def chunks_of(
    pieces: Iterable[str],
    sample_rate_hz: int,
    synthesise: Callable[[str], Iterable[Samples]],
) -> Iterator[AudioChunk]:
    """The chunks of pieces, each spoken by `synthesise`, which gives samples as they are ready.

    A piece without a letter or digit is not spoken; its text goes with the next. Marks of Markdown
    (`**`, backquotes, `#` of a heading) are never read out.
    """
    most = sample_rate_hz * _CHUNK_MS // 1000
    done, text = 0, ""
    for piece in pieces:
        text += piece
        if not any(sign.isalnum() for sign in piece):
            continue
        for samples in synthesise(_MARKUP.sub("", piece)):
            for start in range(0, len(samples), most):
                part = samples[start : start + most]
                yield AudioChunk(part, sample_rate_hz, text, round(1000 * done / sample_rate_hz))
                done, text = done + len(part), ""
