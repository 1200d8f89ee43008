"""A description spoken: Opus, its length, and how long the voice took."""

from __future__ import annotations

import functools
import hashlib
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from af3core.errors import ConfigurationError, ModelError
from af3core.voice.espeak_voice import ESPEAK
from af3core.voice.pieces import cut
from af3core.voice.sound_file import write_sound
from af3core.voice.voice import AudioChunk, Voice
from af3core.voice.voices import open_voice

SOUND_VERSION = 1
"""Counts up whenever the same text and voice would give other bytes."""

_ESPEAK_PACKAGE = "espeakng-loader"
_DECIDING_FILES = ("*.json", "*.safetensors", "*.bin", "*.txt", "*.model", "*.jinja")


class NotSpoken(ModelError):
    """The voice could not speak a text, or gave no sound for it."""


@dataclass(frozen=True)
class SpokenBy:
    """A voice as the tables name it.

    Attributes:
        backend: `espeak`, or the checkpoint's type, such as `vits`.
        revision: hub commit, hash of a folder's files, or version of espeak's package.
    """

    backend: str
    revision: str


@dataclass(frozen=True)
class Spoken:
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


@functools.lru_cache(maxsize=1)
def loaded_voice(name: str) -> Voice:
    """The voice, once per process.

    Raises:
        ConfigurationError: no such voice, or a package is missing.
    """
    return open_voice(name)


@functools.lru_cache(maxsize=1)
def spoken_by(name: str) -> SpokenBy:
    """What a voice is, without loading its weights.

    Raises:
        ConfigurationError: no such voice, or a package is missing.
    """
    if name == ESPEAK:
        return SpokenBy(ESPEAK, f"{_ESPEAK_PACKAGE} {_espeak_version()}")
    from transformers import PretrainedConfig

    try:
        config, _ = PretrainedConfig.get_config_dict(name)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"--voice {name}: neither {ESPEAK} nor a checkpoint, a folder or hub id"
        ) from error
    folder = Path(name)
    revision = _files_hash(folder) if folder.is_dir() else str(config.get("_commit_hash") or name)
    return SpokenBy(str(config.get("model_type", "unknown")), revision)


def spoken(voice: Voice, text: str) -> Spoken:
    """Speak a text, a piece at a time.

    Raises:
        NotSpoken: the voice failed, or gave no sound.
    """
    file, seconds = io.BytesIO(), list[float]()
    try:
        chunks = _timed(voice.speak(cut([text])), seconds)
        duration_ms = write_sound(file, "opus", voice.sample_rate_hz, chunks)
    except (RuntimeError, ValueError, IndexError) as error:
        raise NotSpoken(f"voice {voice.name} failed ({error}); take another voice") from error
    if not duration_ms:
        raise NotSpoken(f"voice {voice.name} has no sound for its text; take another voice")
    return Spoken(
        opus=file.getvalue(),
        duration_ms=duration_ms,
        first_audio_ms=round(1000 * seconds[0], 3),
        real_time_factor=round(1000 * sum(seconds) / duration_ms, 6),
    )


def _espeak_version() -> str:
    try:
        return version(_ESPEAK_PACKAGE)
    except PackageNotFoundError as error:
        raise ConfigurationError(
            f"--voice {ESPEAK}: needs the package {_ESPEAK_PACKAGE}; pip install {_ESPEAK_PACKAGE}"
        ) from error


def _timed(chunks: Iterator[AudioChunk], seconds: list[float]) -> Iterator[AudioChunk]:
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


def _files_hash(folder: Path) -> str:
    """SHA-256 over names and bytes of the files that decide how it sounds, 16 digits."""
    digest: Any = hashlib.sha256()
    for path in sorted({path for form in _DECIDING_FILES for path in folder.glob(form)}):
        digest.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return str(digest.hexdigest()[:16])
