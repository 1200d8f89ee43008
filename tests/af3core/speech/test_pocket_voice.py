"""Pocket TTS: a checkpoint of its form, saved and loaded back; its stream is what it generates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from transformers import PocketTTSForConditionalGeneration, PocketTTSProcessor

from af3core.errors import ConfigurationError
from af3core.speech.pocket_voice import PocketVoice
from af3core.speech.voice import VoiceSettings
from tests.af3core.speech.tiny_voices import save_pocket


def spoken(voice: PocketVoice, pieces: list[str]) -> np.ndarray:
    return np.concatenate([chunk.samples for chunk in voice.speak(pieces)])


def generated(folder: Path, text: str) -> np.ndarray:
    """By transformers' own loop, a whole piece at once."""
    processor = PocketTTSProcessor.from_pretrained(folder)
    model = PocketTTSForConditionalGeneration.from_pretrained(folder).eval()
    content = [{"type": "text", "text": text}]
    prompt = processor.apply_chat_template([{"role": "user", "content": content}])
    latents = model.generate(**processor(text=prompt, return_tensors="pt"))[0]
    return np.asarray(processor.decode(latents).numpy()).clip(-1, 1)


def test_the_stream_is_what_transformers_generates(tmp_path: Path) -> None:
    folder = save_pocket(tmp_path / "tiny")
    expected = generated(folder, "hello there")
    heard = spoken(PocketVoice(str(folder)), ["hello there"])
    assert len(heard) == len(expected) >= 20 * 1920
    np.testing.assert_allclose(heard, expected, atol=1e-5)


def test_the_first_chunk_comes_before_the_piece_is_written(tmp_path: Path) -> None:
    voice = PocketVoice(str(save_pocket(tmp_path / "tiny")))
    steps = 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1

    voice._model.register_forward_pre_hook(count)
    chunks = voice.speak(["hello there"])
    first = next(chunks)
    assert (steps, first.duration_ms, first.text) == (2, 160, "hello there")
    assert len(list(chunks)) > 5
    assert steps > 20


def test_the_seed_decides_the_sound(tmp_path: Path) -> None:
    folder = str(save_pocket(tmp_path / "tiny", do_sample=True))
    first, again = (spoken(PocketVoice(folder), ["hello"]) for _ in range(2))
    other = spoken(PocketVoice(folder, VoiceSettings(seed=1)), ["hello"])
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_a_recording_gives_the_speaker(tmp_path: Path) -> None:
    folder = str(save_pocket(tmp_path / "tiny"))
    noise = np.random.default_rng(0).normal(0, 0.1, 32_000)
    soundfile.write(tmp_path / "anna.wav", noise, 16_000)
    voice = PocketVoice(folder, VoiceSettings(speaker=str(tmp_path / "anna.wav")))
    assert voice.name == "tiny:anna"
    with_speaker, without = spoken(voice, ["hello"]), spoken(PocketVoice(folder), ["hello"])
    assert with_speaker.shape != without.shape or not np.array_equal(with_speaker, without)


def test_what_it_has_not_is_refused(tmp_path: Path) -> None:
    folder = save_pocket(tmp_path / "tiny")
    with pytest.raises(ConfigurationError, match=r"speed 1\.5: Pocket TTS speaks at 1 alone"):
        PocketVoice(str(folder), VoiceSettings(speed=1.5))
    with pytest.raises(ConfigurationError, match="take a WAV or FLAC of one speaker"):
        PocketVoice(str(folder), VoiceSettings(speaker=str(tmp_path / "nobody.wav")))
    (folder / "model.safetensors").unlink()
    with pytest.raises(ConfigurationError, match="no whole Pocket TTS checkpoint"):
        PocketVoice(str(folder))
