"""Nano as it writes answers, and questions that espeak-ng says."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from af3core.model.engines.engine_registry import EngineSettings, load_engine
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.speech.sound_file import write_sound
from af3core.speech.voice_registry import open_voice


@functools.cache
def nano() -> Any:
    """The engine, loaded once per session."""
    checkpoint = find_checkpoint("nano", None, with_weights=True)
    return load_engine(EngineSettings("af3", checkpoint, "float32", "cpu", 16_384))


def espeak_file(folder: Path, words: str) -> Path:
    """Words said by espeak-ng, as a WAV file."""
    path = folder / "spoken.wav"
    voice = open_voice()
    write_sound(path, "wav", voice.sample_rate_hz, voice.speak([words]))
    return path
