"""Voice encoders by name: the embedded one, or a checkpoint by folder or hub id."""

from __future__ import annotations

import functools
import json

from af3core.errors import ConfigurationError
from af3core.installation import require_extra
from af3core.model.weights.named_checkpoint import NamedCheckpoint, find_named_checkpoint
from af3core.speakers.campplus_encoder import CAMPPLUS_IDENTITY, CampplusEncoder
from af3core.speakers.voice_vectors import VoiceEncoder, VoiceEncoderIdentity
from schemas.options.derive import EMBEDDED_VOICE_ENCODER

__all__ = ["VoiceEncoder", "VoiceEncoderIdentity", "load_voice_encoder", "voice_encoder_identity"]

OPTION = "--voice-encoder"


@functools.lru_cache(maxsize=2)
def voice_encoder_identity(name: str) -> VoiceEncoderIdentity:
    """Which encoder a name means, without loading its weights.

    Raises:
        ConfigurationError: there is none, or a package is missing.
    """
    if name == EMBEDDED_VOICE_ENCODER:
        return CAMPPLUS_IDENTITY
    return _identity(_find(name))


@functools.lru_cache(maxsize=1)
def load_voice_encoder(name: str) -> VoiceEncoder:
    """The encoder of this name, loaded once per process.

    Raises:
        ConfigurationError: there is none, it is not whole, or a package is missing.
    """
    require_extra("speakers", "telling speakers apart")
    if name == EMBEDDED_VOICE_ENCODER:
        return CampplusEncoder()
    require_extra("model", f"{OPTION} {name}")
    try:
        import torch

        from af3core.speakers.xvector_encoder import XvectorEncoder
    except ImportError as error:
        raise ConfigurationError(f"{OPTION} {name}: a package is missing ({error})") from error
    found = _find(name)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return XvectorEncoder(found.folder, _identity(found), device)


def _find(name: str) -> NamedCheckpoint:
    return find_named_checkpoint(
        OPTION, name, (EMBEDDED_VOICE_ENCODER,), "microsoft/wavlm-base-plus-sv"
    )


def _identity(found: NamedCheckpoint) -> VoiceEncoderIdentity:
    if found.name == EMBEDDED_VOICE_ENCODER:
        raise ConfigurationError(
            f"{OPTION} {found.folder}: {found.name} is the name of the embedded encoder, by which"
            " the tables and its limits are told; rename the folder"
        )
    try:
        settings = json.loads((found.folder / "config.json").read_text("utf-8"))
        dimensions = settings["xvector_output_dim"]
        is_xvector = any(each.endswith("ForXVector") for each in settings["architectures"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"{OPTION} {found.name}: its config.json describes no x-vector model"
            f" ({type(error).__name__})"
        ) from error
    if not is_xvector or not isinstance(dimensions, int):
        raise ConfigurationError(
            f"{OPTION} {found.name}: no x-vector model but {settings['architectures']}"
        )
    return VoiceEncoderIdentity(found.name, found.revision, dimensions)
