"""One pass of FFmpeg: exact lengths, mixed channels, limits, damage."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from af3core.audio.decode import CHUNK_SAMPLES, DecodeReport, decode
from af3core.errors import DecodeFailed, TooLong
from tests.media import programme, write
from tests.refused_threads import no_thread_left


def decoded(path: Path, limit_s: float = 3600) -> tuple[np.ndarray, DecodeReport]:
    report = DecodeReport()
    chunks = list(decode(path, path.name, report, limit_s))
    assert all(len(chunk) == CHUNK_SAMPLES for chunk in chunks[:-1])
    return np.concatenate(chunks), report


def test_wav_comes_out_sample_for_sample(tmp_path: Path) -> None:
    audio = programme(25)
    samples, report = decoded(write(tmp_path / "a.wav", audio))
    assert report.sample_count == len(audio)
    assert report.complaints == ""
    assert np.abs(samples / 32768 - audio).max() < 1e-4


def test_channels_are_mixed_to_their_mean(tmp_path: Path) -> None:
    audio = programme(1)
    path = tmp_path / "a.wav"
    stereo = np.stack([audio, np.zeros_like(audio)], axis=1)
    import soundfile

    soundfile.write(path, stereo, 16000)
    samples, _ = decoded(path)
    assert np.abs(samples / 32768 - audio / 2).max() < 1e-3


def test_decoded_speech_agrees_with_librosa(tmp_path: Path) -> None:
    """An independent decoder and resampler gives the same waveform."""
    import librosa

    path = write(tmp_path / "a.flac", programme(3), "-ar", "44100")
    samples, _ = decoded(path)
    other, _ = librosa.load(path, sr=16000, mono=True)
    length = min(len(samples), len(other))
    assert abs(len(samples) - len(other)) <= 16
    assert np.corrcoef(samples[:length], other[:length])[0, 1] > 0.999


def test_longer_than_the_limit_is_an_error_that_names_the_option(tmp_path: Path) -> None:
    path = write(tmp_path / "long.flac", programme(40))
    with pytest.raises(TooLong, match=r"^long.flac: longer than the limit of 0.01 h; raise --max"):
        decoded(path, limit_s=36)


def test_a_truncated_file_gives_what_is_there_and_a_complaint(tmp_path: Path) -> None:
    audio = programme(30)
    whole = write(tmp_path / "whole.flac", audio).read_bytes()
    path = tmp_path / "half.flac"
    path.write_bytes(whole[: len(whole) // 2])
    samples, report = decoded(path)
    assert 0.3 * len(audio) < len(samples) < 0.7 * len(audio)
    assert report.complaints != ""
    assert str(tmp_path) not in report.complaints


def test_nothing_decodable_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp3"
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(DecodeFailed, match=r"^noise.mp3: no audio could be decoded"):
        decoded(path)


def test_where_no_thread_can_be_started_no_decoder_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.wav", programme(2))
    started: list[subprocess.Popen[bytes]] = []
    begin = subprocess.Popen.__init__

    def note(process: subprocess.Popen[bytes], *args: Any, **options: Any) -> None:
        started.append(process)
        begin(process, *args, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", note)
    with no_thread_left(), pytest.raises(RuntimeError, match="can't start new thread"):
        decoded(path)
    assert started
    assert all(process.returncode is not None for process in started)
