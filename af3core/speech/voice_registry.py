"""Voices by name: `espeak`, or a folder or hub id whose configuration says what it is."""

from __future__ import annotations

from af3core.errors import ConfigurationError
from af3core.speech.espeak_voice import ESPEAK, EspeakVoice
from af3core.speech.voice import Voice, VoiceSettings

VITS_TYPE, POCKET_TYPE = "vits", "pocket_tts"


def open_voice(name: str = ESPEAK, settings: VoiceSettings | None = None) -> Voice:
    """The voice of this name, loaded.

    Args:
        name: `espeak`, a folder, or a hub id, of a VITS/MMS or Pocket TTS checkpoint in
            transformers' form. What a hub id names is fetched once into the hub's cache.
        settings: speaker, speed, seed.

    Raises:
        ConfigurationError: no such voice, a setting it has not, or a package is missing.
    """
    settings = settings or VoiceSettings()
    if name == ESPEAK:
        return EspeakVoice(settings)
    model_type = _model_type(name)
    if model_type == VITS_TYPE:
        from af3core.speech.vits_voice import VitsVoice

        return VitsVoice(name, settings)
    if model_type == POCKET_TYPE:
        from af3core.speech.pocket_voice import PocketVoice

        return PocketVoice(name, settings)
    raise ConfigurationError(
        f"voice {name}: a checkpoint of type {model_type}; take {ESPEAK}, or one of type"
        f" {VITS_TYPE} or {POCKET_TYPE}"
    )


def _model_type(name: str) -> str:
    """What the checkpoint's config.json says."""
    try:
        from transformers import PretrainedConfig
    except ImportError as error:
        raise ConfigurationError(
            f"voice {name}: needs the packages of the extra model; or take {ESPEAK}"
        ) from error
    try:
        config, _ = PretrainedConfig.get_config_dict(name)
    except (OSError, ValueError) as error:
        first_line = (str(error).splitlines() or [""])[0]
        raise ConfigurationError(
            f"voice {name}: neither {ESPEAK} nor a checkpoint, a folder or hub id ({first_line})"
        ) from error
    return str(config.get("model_type", "unknown"))
