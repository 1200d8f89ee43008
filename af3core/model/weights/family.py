"""The Flamingo family: its architectures by the `model_type` of config.json, and what they hear.

audioflamingo3     Audio Flamingo 3
musicflamingo      Music Flamingo, and Audio Flamingo Next in all its forms (instruct, think,
                   captioner): transformers' pull requests 43538 and 44830
audioflamingonext  a name of its own for the same network, where transformers knows it
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.model.audio_limits import WINDOW_S, AudioLimit
from af3core.model.weights.completeness import unreadable

AF3_TYPE, MUSIC_TYPE, NEXT_TYPE = "audioflamingo3", "musicflamingo", "audioflamingonext"
CONFIG = "config.json"
PROCESSOR_CONFIG, EXTRACTOR_CONFIG = "processor_config.json", "preprocessor_config.json"
"""In transformers 5 the first holds both; before, the feature extractor had a file of its own."""


@dataclass(frozen=True)
class Architecture:
    """Transformers' classes of a model type.

    Attributes:
        model, processor: their names.
        max_audio_s: what the processor hears where its configuration says nothing.
        has_times: rotary times are put on the encoder's output, and two tokens around a sound.
    """

    model: str
    processor: str
    max_audio_s: int
    has_times: bool


ARCHITECTURES = {
    AF3_TYPE: Architecture(
        "AudioFlamingo3ForConditionalGeneration", "AudioFlamingo3Processor", 600, has_times=False
    ),
    MUSIC_TYPE: Architecture(
        "MusicFlamingoForConditionalGeneration", "MusicFlamingoProcessor", 1200, has_times=True
    ),
    NEXT_TYPE: Architecture(
        "AudioFlamingoNextForConditionalGeneration",
        "AudioFlamingoNextProcessor",
        1800,
        has_times=True,
    ),
}


def model_type_of(model: str, folder: Path) -> str:
    """The architecture of a checkpoint's folder.

    Raises:
        ConfigurationError: no config.json, or one of no model of the family.
        StorageError: it cannot be read now.
    """
    kind = _settings(model, folder / CONFIG).get("model_type")
    if kind not in ARCHITECTURES:
        *others, last = (repr(known) for known in ARCHITECTURES)
        raise ConfigurationError(
            f"--model {model}: its config.json says model_type {kind!r}, not"
            f" {', '.join(others)} or {last}"
        )
    return str(kind)


def limit_of_folder(model: str, folder: Path, model_type: str) -> AudioLimit:
    """How much a checkpoint hears, by the configuration of its processor.

    Raises:
        ConfigurationError: the configuration is damaged, or its length is none.
        StorageError: it cannot be read now.
    """
    settings, extractor = (
        _settings(model, folder / name) if (folder / name).is_file() else {}
        for name in (PROCESSOR_CONFIG, EXTRACTOR_CONFIG)
    )
    inner = settings.get("feature_extractor", extractor)
    window_s = inner.get("chunk_length", WINDOW_S) if isinstance(inner, dict) else WINDOW_S
    max_audio_s = settings.get("max_audio_len", ARCHITECTURES[model_type].max_audio_s)
    return checked_limit(f"--model {model}: {PROCESSOR_CONFIG}", max_audio_s, window_s)


def checked_limit(name: str, max_audio_s: object, window_s: object) -> AudioLimit:
    """The limit that a processor declares.

    Raises:
        ConfigurationError: a value is none; `name` says whose.
    """
    for setting, value in (("chunk_length", window_s), ("max_audio_len", max_audio_s)):
        if not isinstance(value, int | float) or isinstance(value, bool) or not value >= 1:
            raise ConfigurationError(f"{name} says {setting} {value!r}: no number of seconds")
    assert isinstance(window_s, int | float)
    assert isinstance(max_audio_s, int | float)
    if window_s != int(window_s) or max_audio_s < window_s:
        raise ConfigurationError(
            f"{name} says max_audio_len {max_audio_s} and chunk_length {window_s}: the length holds"
            " no window of whole seconds"
        )
    return AudioLimit.declared(max_audio_s, int(window_s))


def _settings(model: str, path: Path) -> dict[str, object]:
    try:
        settings = json.loads(path.read_text("utf-8"))
        if isinstance(settings, dict):
            return settings
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise _no_settings(model, path) from error
    except OSError as error:
        raise unreadable(model, error, path) from error
    raise _no_settings(model, path)


def _no_settings(model: str, path: Path) -> ConfigurationError:
    return ConfigurationError(f"--model {model}: no readable {path.name} in {path.parent}")
