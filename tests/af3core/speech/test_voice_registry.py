"""Voices by name, and what is said about those that are none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from af3core.speech.voice import VoiceSettings
from af3core.speech.voice_registry import open_voice
from tests.af3core.speech.tiny_voices import save_pocket, save_vits


def test_espeak_is_there_without_a_name() -> None:
    assert open_voice().name == "espeak:en-us"
    assert open_voice("espeak", VoiceSettings(speaker="de")).name == "espeak:de"


def test_a_folder_says_what_it_is(tmp_path: Path) -> None:
    vits = open_voice(str(save_vits(tmp_path / "small")))
    pocket = open_voice(str(save_pocket(tmp_path / "pocket")))
    assert [type(voice).__name__ for voice in (vits, pocket)] == ["VitsVoice", "PocketVoice"]
    assert [voice.sample_rate_hz for voice in (vits, pocket)] == [16_000, 24_000]


def test_another_checkpoint_is_no_voice(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ConfigurationError, match="of type bert; take espeak, or one of type vits"):
        open_voice(str(tmp_path))


def test_nothing_is_no_voice(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="neither espeak nor a checkpoint"):
        open_voice(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("speed", [0.0, -1.0, 5.0, float("nan")])
def test_a_speed_out_of_reach(speed: float) -> None:
    with pytest.raises(ConfigurationError, match=r"take 0\.25 to 4"):
        open_voice("espeak", VoiceSettings(speed=speed))


def test_espeak_speaks_without_torch() -> None:
    code = (
        "import sys; from af3core.speech.voice_registry import open_voice;"
        " from af3core.speech import ahead_of_playback, sound_file;"
        " print(len(list(open_voice().speak(['Hello.']))) > 2);"
        " print([m for m in ('torch', 'transformers', 'soundfile', 'av') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["True", "[]"]
