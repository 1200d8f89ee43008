"""Which voice speaks: loaded once per process, and as the tables name it."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from af3core.errors import ConfigurationError
from af3core.speech.espeak_voice import DEFAULT_SPEAKER, ESPEAK
from af3core.speech.voice import Voice, VoiceSettings
from af3core.speech.voice_registry import POCKET_TYPE, VITS_TYPE, open_voice

_ESPEAK_PACKAGE = "espeakng-loader"
_DECIDING_FILES = ("*.json", "*.safetensors", "*.bin", "*.txt", "*.model", "*.jinja")
_HASH_DIGITS = 16


@dataclass(frozen=True)
class VoiceIdentity:
    """All of a voice that decides how it sounds; no path, so that a moved file is the same.

    Attributes:
        backend: `espeak`, or the checkpoint's type, such as `vits`.
        revision: hub commit, hash of a folder's files, or version of espeak's package.
        speaker: whom it speaks as; empty where it has one speaker, or hears a recording of one.
        speaker_revision: hash of the recording of the speaker, or None.
        speed: 2.0 is twice as fast as the voice's own.
    """

    backend: str
    revision: str
    speaker: str
    speaker_revision: str | None
    speed: float


@functools.lru_cache(maxsize=1)
def loaded_voice(name: str, settings: VoiceSettings, known: VoiceIdentity) -> Voice:
    """The voice, once per process; another one where its files are others (`known`) by now.

    Raises:
        ConfigurationError: no such voice, a setting that it has not, or a package is missing.
    """
    return open_voice(name, settings)


@functools.lru_cache(maxsize=1)
def voice_identity(name: str, settings: VoiceSettings) -> VoiceIdentity:
    """What a voice is, without loading its weights; `cache_clear` looks at its files again.

    Raises:
        ConfigurationError: no such voice or recording of a speaker, or a package is missing.
    """
    if name == ESPEAK:
        revision = f"{_ESPEAK_PACKAGE} {_espeak_version()}"
        speaker = settings.speaker or DEFAULT_SPEAKER
        return VoiceIdentity(ESPEAK, revision, speaker, None, settings.speed)
    from transformers import PretrainedConfig

    try:
        config, _ = PretrainedConfig.get_config_dict(name)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"--voice {name}: neither {ESPEAK} nor a checkpoint, a folder or hub id"
        ) from error
    folder, backend = Path(name), str(config.get("model_type", "unknown"))
    revision = _files_hash(folder) if folder.is_dir() else str(config.get("_commit_hash") or name)
    speaker, heard = settings.speaker, None
    if backend == POCKET_TYPE and speaker:
        speaker, heard = "", _recording_hash(speaker)
    elif backend == VITS_TYPE and not speaker and config.get("num_speakers", 1) > 1:
        speaker = "0"
    return VoiceIdentity(backend, revision, speaker, heard, settings.speed)


def _espeak_version() -> str:
    try:
        return version(_ESPEAK_PACKAGE)
    except PackageNotFoundError as error:
        raise ConfigurationError(
            f"--voice {ESPEAK}: needs the package {_ESPEAK_PACKAGE}; pip install {_ESPEAK_PACKAGE}"
        ) from error


def _files_hash(folder: Path) -> str:
    """SHA-256 over names and bytes of the files that decide how it sounds, 16 digits.

    Those of folders in it are among them: a codec may lie in one.
    """
    digest: Any = hashlib.sha256()
    for path in sorted({path for form in _DECIDING_FILES for path in folder.rglob(form)}):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return str(digest.hexdigest()[:_HASH_DIGITS])


def _recording_hash(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:_HASH_DIGITS]
    except OSError as error:
        raise ConfigurationError(
            f"--speaker {path}: no file that opens; Pocket TTS takes a recording of the speaker,"
            " a WAV or FLAC on the machine that speaks"
        ) from error
