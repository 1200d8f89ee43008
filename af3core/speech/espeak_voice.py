"""The voice that needs no weights: espeak-ng, hundreds of times faster than speech on one core.

A piece is spoken whole before its first chunk goes out: for a sentence that takes milliseconds, so
chunks straight from the library's callback would save nothing that can be heard. The library goes
on from its last state: the same text comes out a few samples longer or shorter each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np

from af3core.errors import ConfigurationError
from af3core.speech.espeak_library import library_rate_hz, speak_text
from af3core.speech.voice import AudioChunk, Samples, VoiceSettings, chunks_of
from schemas.options.derive import DEFAULT_SPEAKER as DEFAULT_SPEAKER
from schemas.options.derive import ESPEAK as ESPEAK

_SPEAKER = re.compile(r"[A-Za-z0-9-]+(\+[A-Za-z0-9_-]+)?")
_WORDS_PER_MINUTE, _SLOWEST, _FASTEST = 160, 80, 450
_PITCH = 50


class EspeakVoice:
    """espeak-ng with one of its voices.

    Args:
        settings: `speaker` is a language with or without a variant: `en-us`, `de`, `en-us+f3`.

    Raises:
        ConfigurationError: no such voice, a speed that it does not speak, or a package is missing.
    """

    def __init__(self, settings: VoiceSettings | None = None) -> None:
        settings = settings or VoiceSettings()
        self._speaker = settings.speaker or DEFAULT_SPEAKER
        self._words_per_minute = round(_WORDS_PER_MINUTE * settings.speed)
        if not _SLOWEST <= self._words_per_minute <= _FASTEST:
            raise ConfigurationError(
                f"speed {settings.speed:g}: espeak speaks"
                f" {_SLOWEST / _WORDS_PER_MINUTE:g} to {_FASTEST / _WORDS_PER_MINUTE:g}"
            )
        try:
            self._rate_hz = library_rate_hz()
            if not _SPEAKER.fullmatch(self._speaker):
                raise ValueError(f"espeak-ng has no voice {self._speaker!r}")
            self._synthesise("a")
        except ImportError as error:
            raise ConfigurationError(
                "voice espeak: needs the package espeakng-loader; pip install espeakng-loader"
            ) from error
        except RuntimeError as error:
            raise ConfigurationError(f"voice espeak: {error}") from error
        except ValueError as error:
            raise ConfigurationError(
                f"{error}; take a language and perhaps a variant, such as en-us or en-us+f3"
            ) from error

    @property
    def name(self) -> str:
        return f"{ESPEAK}:{self._speaker}"

    @property
    def sample_rate_hz(self) -> int:
        return self._rate_hz

    def speak(self, pieces: Iterable[str]) -> Iterator[AudioChunk]:
        return chunks_of(pieces, self._rate_hz, lambda piece: [self._synthesise(piece)])

    def _synthesise(self, piece: str) -> Samples:
        spoken = speak_text(self._speaker, piece, self._words_per_minute, _PITCH)
        return np.asarray(spoken.samples / 32768, np.float32)
