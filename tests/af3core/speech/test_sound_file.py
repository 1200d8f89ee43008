"""Speech as files that other programs read."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from af3core.speech.espeak_voice import EspeakVoice
from af3core.speech.sound_file import Kind, SoundWriter, write_sound
from af3core.speech.text_chunks import chunk_text
from af3core.speech.voice import AudioChunk

TEXT = "A dog barks. Then it rains all night, and nobody is there to hear it."


@pytest.fixture(scope="module")
def chunks() -> list[AudioChunk]:
    return list(EspeakVoice().speak(chunk_text([TEXT])))


def test_a_wav_holds_the_samples(tmp_path: Path, chunks: list[AudioChunk]) -> None:
    path = tmp_path / "speech.wav"
    duration_ms = write_sound(path, "wav", 22_050, chunks)
    read, rate_hz = soundfile.read(path, dtype="float32")
    samples = np.concatenate([chunk.samples for chunk in chunks])
    assert (rate_hz, soundfile.info(path).subtype) == (22_050, "PCM_16")
    np.testing.assert_allclose(read, samples, atol=1 / 32_768)
    assert duration_ms == round(len(samples) / 22.05)


def test_opus_sounds_the_same(tmp_path: Path, chunks: list[AudioChunk]) -> None:
    path = tmp_path / "speech.opus"
    duration_ms = write_sound(path, "opus", 22_050, chunks)
    with av.open(str(path)) as container:
        assert container.format.name == "ogg"
        assert container.streams.audio[0].codec.name == "opus"
    read, rate_hz = soundfile.read(path, dtype="float32")
    assert abs(1000 * len(read) / rate_hz - duration_ms) < 30
    assert path.stat().st_size < duration_ms * 8
    samples = np.concatenate([chunk.samples for chunk in chunks])
    assert np.std(read) == pytest.approx(np.std(samples), rel=0.1)


@pytest.mark.parametrize("kind", ["opus", "wav"])
def test_a_file_object_stays_open_and_bytes_are_the_same(
    kind: Kind, chunks: list[AudioChunk]
) -> None:
    files = [BytesIO(), BytesIO()]
    for file in files:
        write_sound(file, kind, 22_050, chunks)
    assert files[0].getvalue() == files[1].getvalue()
    assert len(files[0].getvalue()) > 1000


def test_chunks_are_in_the_file_before_the_speech_ends(
    tmp_path: Path, chunks: list[AudioChunk]
) -> None:
    path = tmp_path / "speech.wav"
    with SoundWriter(path, "wav", 22_050) as writer:
        for _ in range(5):
            for chunk in chunks:
                writer.write(chunk)
        assert path.stat().st_size > 100_000
        assert writer.duration_ms == pytest.approx(5 * sum(c.duration_ms for c in chunks), abs=100)


def test_no_speech_is_an_empty_file(tmp_path: Path) -> None:
    assert write_sound(tmp_path / "none.wav", "wav", 22_050, []) == 0
    assert soundfile.info(tmp_path / "none.wav").frames == 0
    assert write_sound(tmp_path / "none.opus", "opus", 22_050, []) == 0
