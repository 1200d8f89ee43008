"""VITS: a checkpoint of its form, saved and loaded back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import VitsModel, VitsTokenizer

from af3core.errors import ConfigurationError
from af3core.speech.vits_voice import VitsVoice
from af3core.speech.voice import Voice, VoiceSettings
from tests.af3core.speech.tiny_voices import save_vits

PIECES = ["Hello there,", " 42 birds sing."]


def spoken(voice: Voice, pieces: list[str]) -> np.ndarray:
    return np.concatenate([chunk.samples for chunk in voice.speak(pieces)])


def test_pieces_are_spoken_by_the_model(tmp_path: Path) -> None:
    folder = save_vits(tmp_path / "tiny")
    voice = VitsVoice(str(folder))
    chunks = list(voice.speak(PIECES))
    assert (voice.name, voice.sample_rate_hz) == ("tiny", 16_000)
    assert "".join(chunk.text for chunk in chunks) == "Hello there, 42 birds sing."
    assert max(chunk.duration_ms for chunk in chunks) <= 200
    tokens = VitsTokenizer.from_pretrained(folder)("Hello there,", return_tensors="pt")
    model = VitsModel.from_pretrained(folder)
    torch.manual_seed(0)
    with torch.inference_mode():
        expected = model(**tokens).waveform[0].numpy()
    np.testing.assert_allclose(spoken(voice, PIECES[:1]), expected, atol=1e-6)


def test_the_seed_decides_the_sound(tmp_path: Path) -> None:
    folder = str(save_vits(tmp_path / "tiny"))
    first, again = (spoken(VitsVoice(folder), PIECES) for _ in range(2))
    other = spoken(VitsVoice(folder, VoiceSettings(seed=1)), PIECES)
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_twice_the_speed_is_shorter(tmp_path: Path) -> None:
    folder = str(save_vits(tmp_path / "tiny"))
    own = len(spoken(VitsVoice(folder), PIECES))
    fast = len(spoken(VitsVoice(folder, VoiceSettings(speed=2.0)), PIECES))
    assert fast < 0.8 * own


def test_signs_that_it_does_not_know_have_no_sound(tmp_path: Path) -> None:
    voice = VitsVoice(str(save_vits(tmp_path / "tiny")))
    assert list(voice.speak(["日本"])) == []


def test_speakers_are_numbers(tmp_path: Path) -> None:
    folder = str(save_vits(tmp_path / "tiny", speakers=2))
    voices = [VitsVoice(folder, VoiceSettings(speaker=str(number))) for number in (0, 1)]
    assert [voice.name for voice in voices] == ["tiny:0", "tiny:1"]
    assert VitsVoice(folder).name == "tiny:0"
    with pytest.raises(ConfigurationError, match="speaker 2: the voice has 0 to 1"):
        VitsVoice(folder, VoiceSettings(speaker="2"))
    alone = str(save_vits(tmp_path / "alone"))
    with pytest.raises(ConfigurationError, match="one alone; leave the speaker out"):
        VitsVoice(alone, VoiceSettings(speaker="0"))


def test_a_checkpoint_without_weights_says_so(tmp_path: Path) -> None:
    folder = save_vits(tmp_path / "tiny")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ConfigurationError, match="no whole VITS checkpoint"):
        VitsVoice(str(folder))
