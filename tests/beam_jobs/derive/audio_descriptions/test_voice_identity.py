"""Who speaks and how fast decides what is spoken anew; where files lie decides nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from af3core.errors import ConfigurationError
from af3core.speech.voice import VoiceSettings
from beam_jobs.derive.audio_descriptions.voice_identity import voice_identity
from tests.af3core.speech.tiny_voices import save_pocket, save_vits
from tests.beam_jobs.derive.audio_descriptions.described import Row, described, sounds
from tests.beam_jobs.small_night import rows


def recording(path: Path, seed: int) -> str:
    """Two seconds of noise, as a speaker's recording."""
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, np.random.default_rng(seed).normal(0, 0.1, 32_000), 16_000)
    return str(path)


def only_row(out: str) -> Row:
    [row] = rows(out, "descriptions")
    return row


def test_another_speed_is_spoken_anew_and_said(out: str, annotated: Path, untrained: Path) -> None:
    described(out, annotated, untrained)
    own = only_row(out)
    described(out, annotated, untrained, "--speed", "1.6")
    fast = only_row(out)
    assert [(row["voice"], row["speed"]) for row in (own, fast)] == [
        ("espeak:en-us", 1.0),
        ("espeak:en-us", 1.6),
    ]
    assert fast["text"] == own["text"]
    assert 0.5 < fast["duration_ms"] / own["duration_ms"] < 0.75
    assert sounds(out).keys() == {own["sound_uri"], fast["sound_uri"]}
    assert described(out, annotated, untrained, "--speed", "1.6").facts["made_now"] == 0


def test_another_speaker_is_spoken_anew_and_the_default_by_name_is_not(
    out: str, annotated: Path, untrained: Path
) -> None:
    described(out, annotated, untrained)
    american = only_row(out)
    assert described(out, annotated, untrained, "--speaker", "en-us").facts["made_now"] == 0
    assert only_row(out) == american
    described(out, annotated, untrained, "--speaker", "en-us+f3")
    female = only_row(out)
    assert (female["voice"], female["speaker_revision"]) == ("espeak:en-us+f3", None)
    assert female["description_id"] != american["description_id"]
    assert len(sounds(out)) == 2


def test_speakers_of_a_checkpoint_are_told_apart(
    annotated: Path, untrained: Path, out: str, tmp_path: Path
) -> None:
    voice = ("--voice", str(save_vits(tmp_path / "many", speakers=3)))
    described(out, annotated, untrained, *voice)
    first = only_row(out)
    assert described(out, annotated, untrained, *voice, "--speaker", "0").facts["made_now"] == 0
    described(out, annotated, untrained, *voice, "--speaker", "2")
    assert [first["voice"], only_row(out)["voice"]] == ["many:0", "many:2"]


def test_a_checkpoint_that_was_moved_is_the_same_voice(
    annotated: Path, untrained: Path, out: str, tmp_path: Path
) -> None:
    described(out, annotated, untrained, "--voice", str(save_vits(tmp_path / "tiny")))
    first = only_row(out)
    (tmp_path / "tiny").rename(tmp_path / "moved")
    moved = described(out, annotated, untrained, "--voice", str(tmp_path / "moved"))
    assert (moved.facts["made_now"], only_row(out)) == (0, first)


def test_a_recorded_speaker_is_known_by_its_bytes(
    annotated: Path, untrained: Path, out: str, tmp_path: Path
) -> None:
    voice = ("--voice", str(save_pocket(tmp_path / "pocket")), "--speaker")
    anna = recording(tmp_path / "anna.wav", 1)
    described(out, annotated, untrained, *voice, anna)
    first = only_row(out)
    assert (first["voice"], first["backend"]) == ("pocket:anna", "pocket_tts")
    assert len(first["speaker_revision"]) == 16
    copy = str(shutil.copy(anna, tmp_path / "copy.wav"))
    assert described(out, annotated, untrained, *voice, copy).facts["made_now"] == 0
    assert only_row(out) == first
    assert described(out, annotated, untrained, *voice, anna).facts["made_now"] == 0
    recording(tmp_path / "anna.wav", 2)
    assert described(out, annotated, untrained, *voice, anna).facts["made_now"] == 1
    second = only_row(out)
    assert second["voice"] == "pocket:anna"
    assert second["speaker_revision"] != first["speaker_revision"]


def test_a_codec_in_a_folder_of_its_own_is_of_the_voice(tmp_path: Path) -> None:
    folder = save_pocket(tmp_path / "pocket")
    before = voice_identity(str(folder), VoiceSettings())
    weights = folder / "codec" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    voice_identity.cache_clear()
    assert voice_identity(str(folder), VoiceSettings()).revision != before.revision


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--speed", "5"), r"^--speed 5: take 0\.25 to 4$"),
        (("--speed", "nan"), r"^--speed nan: take 0\.25 to 4$"),
        (("--speed", "4"), r"^speed 4: espeak speaks 0\.5 to 2\.8125$"),
        (("--speaker", "klingonese"), "^espeak-ng has no voice klingonese; take a language and"),
        (("--speaker", "../en"), r"^espeak-ng has no voice '\.\./en'; take a language and"),
    ],
)
def test_what_the_voice_cannot_is_one_line_before_any_work(
    annotated: Path, untrained: Path, out: str, options: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        described(out, annotated, untrained, *options)
    assert (sounds(out), rows(out, "descriptions")) == ({}, [])


def test_a_recording_that_is_not_there_is_one_line_before_the_voice_is_loaded(
    annotated: Path, untrained: Path, out: str, tmp_path: Path
) -> None:
    folder, gone = save_pocket(tmp_path / "pocket"), tmp_path / "gone.wav"
    (folder / "model.safetensors").unlink()
    with pytest.raises(ConfigurationError) as caught:
        described(out, annotated, untrained, "--voice", str(folder), "--speaker", str(gone))
    assert str(caught.value) == (
        f"--speaker {gone}: no file that opens; Pocket TTS takes a recording of the speaker,"
        " a WAV or FLAC on the machine that speaks"
    )
