"""Who answers: a model that streams, and the voice that speaks what it writes."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from af3core.model.audio_limits import AF3_LIMIT, AudioLimit
from af3core.model.engines.engine_registry import EngineSettings, load_engine
from af3core.model.request import Decoding, Request, Sound, Turn
from af3core.model.streaming.stream import StreamingEngine
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.speech.voice import Voice, VoiceSettings
from af3core.speech.voice_registry import open_voice

_SPOKEN = "<sound-1> <sound-2>"
"""The question, then what it is about."""
MOST_TOKENS = 256


@dataclass(frozen=True)
class Answerer:
    """A model with its voice, loaded; any thread may ask.

    Attributes:
        model: as it was named.
        engine: that writes.
        voice: that speaks.
        limit: how much the model hears.
    """

    model: str
    engine: StreamingEngine
    voice: Voice
    limit: AudioLimit = AF3_LIMIT


def open_answerer(known: argparse.Namespace) -> Answerer:
    """The model and the voice of these options; the voice first, as it is there sooner.

    Raises:
        ConfigurationError: an unknown model or voice.
    """
    checkpoint = find_checkpoint(known.model, known.model_revision, with_weights=True)
    voice = open_voice(known.voice, VoiceSettings(speaker=known.speaker))
    settings = EngineSettings("af3", checkpoint, known.dtype, known.device, batch_tokens=16_384)
    engine: Any = load_engine(settings)
    return Answerer(known.model, engine, voice, checkpoint.limit)


def request_about(about: Sound, question: Sound | str) -> Request:
    """A question by voice or in writing about a sound, as the model is asked it."""
    if isinstance(question, str):
        return Request((about,), (Turn("user", question),), Decoding(MOST_TOKENS))
    return Request((question, about), (Turn("user", _SPOKEN),), Decoding(MOST_TOKENS))
