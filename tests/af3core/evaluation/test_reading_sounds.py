"""Sounds of any published form, as 16 kHz mono."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from af3core.errors import MediaError
from af3core.evaluation.benchmark_files import BenchmarkData, Data
from af3core.evaluation.item import SoundFile
from af3core.evaluation.reading_sounds import read_sound
from tests.af3core.evaluation.published_speech import encoded, write_sphere
from tests.af3core.evaluation.sounds import sound
from tests.storage_server import BUCKET, bucket, upload


def tone(seconds: float = 0.5) -> np.ndarray:
    return 0.2 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * 16_000)) / 16_000)


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_a_file_is_read_as_it_is(name: str, tmp_path: Path) -> None:
    sound(tmp_path / name)
    read = read_sound(Data(str(tmp_path)), SoundFile(name))
    assert read.dtype == np.float32
    assert np.abs(read - tone()).max() < 1e-3


def test_a_sphere_file_is_read(tmp_path: Path) -> None:
    write_sphere(tmp_path / "talk.sph", 1.0)
    read = read_sound(Data(str(tmp_path)), SoundFile("talk.sph"))
    assert np.abs(read - tone(1.0)).max() < 1e-3


@pytest.mark.parametrize(("name", "codec"), [("a.mp3", "libmp3lame"), ("a.opus", "libopus")])
def test_compressed_files_are_read(name: str, codec: str, tmp_path: Path) -> None:
    encoded(tmp_path / name, 1.0, "-c:a", codec)
    read = read_sound(Data(str(tmp_path)), SoundFile(name))
    assert abs(len(read) - 16_000) <= 1_600
    spectrum = np.abs(np.fft.rfft(read[4_000:12_000]))
    assert int(np.argmax(spectrum)) * 2 == 440
    assert np.abs(read[4_000:12_000]).max() == pytest.approx(0.2, abs=0.03)


def test_other_rates_and_channels_become_16_khz_mono(tmp_path: Path) -> None:
    time = np.arange(24_000) / 48_000
    left = 0.4 * np.sin(2 * np.pi * 440 * time)
    soundfile.write(tmp_path / "a.wav", np.stack([left, 0 * left], axis=1), 48_000)
    read = read_sound(Data(str(tmp_path)), SoundFile("a.wav"))
    assert len(read) == 8_000
    assert np.abs(read - tone())[100:-100].max() < 5e-3


def test_a_part_is_cut_out(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 2.0)
    read = read_sound(Data(str(tmp_path)), SoundFile("a.wav", 0.5, 1.25))
    assert np.abs(read - tone(2.0)[8_000:20_000]).max() < 1e-3


@pytest.mark.parametrize("name", ["two.wav", "two.mp3"])
def test_the_authors_hear_the_first_channel_but_of_an_mp3(name: str, tmp_path: Path) -> None:
    two = np.stack([tone(1.0), np.zeros(16_000, np.float32)], axis=1)
    soundfile.write(tmp_path / name, two, 16_000)
    data = Data(str(tmp_path))
    for file in (SoundFile(name), SoundFile(name, 0.25, 0.75)):
        mixed, first = read_sound(data, file), read_sound(data, file, "authors")
        times = np.abs(first[2000:6000]).max() / np.abs(mixed[2000:6000]).max()
        assert times == pytest.approx(2.0 if name == "two.wav" else 1.0, abs=0.02)


def test_a_changed_recording_is_cut_anew(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 2.0)
    data, part = Data(str(tmp_path)), SoundFile("a.wav", 0.5, 1.25)
    read_sound(data, part)
    soundfile.write(tmp_path / "a.wav", np.zeros(48_000), 16_000)
    assert np.array_equal(read_sound(data, part), np.zeros(12_000, np.float32))


def test_a_part_beyond_the_end_is_named(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 1.0)
    with pytest.raises(MediaError, match=r"a\.wav: it ends before 1\.5 s"):
        read_sound(Data(str(tmp_path)), SoundFile("a.wav", 1.5, 2.0))


@pytest.mark.parametrize("form", ["bytes", "struct"])
def test_a_cell_of_a_table_is_a_file(form: str, tmp_path: Path) -> None:
    content = sound(tmp_path / "a.flac")
    cells = (
        [b"", content]
        if form == "bytes"
        else [{"bytes": b"", "path": ""}, {"bytes": content, "path": "a"}]
    )
    pq.write_table(pa.table({"audio": cells}), tmp_path / "t.parquet", row_group_size=1)
    data = Data(str(tmp_path))
    read = read_sound(data, SoundFile("t.parquet", row=1, column="audio"))
    assert np.abs(read - tone()).max() < 1e-3
    with pytest.raises(BenchmarkData, match=r"t\.parquet, row 2: there is no such row"):
        read_sound(data, SoundFile("t.parquet", row=2, column="audio"))
    with pytest.raises(BenchmarkData, match=r"t\.parquet, row 1: no table with a column sound"):
        read_sound(data, SoundFile("t.parquet", row=1, column="sound"))
    with pytest.raises(BenchmarkData, match=r"gone\.parquet, row 1: no table with a column"):
        read_sound(data, SoundFile("gone.parquet", row=1, column="audio"))


@pytest.mark.storage_server
def test_a_sound_in_a_bucket_is_read(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    with bucket():
        upload(tmp_path, [tmp_path / "a.wav"], "data")
        read = read_sound(Data(f"gs://{BUCKET}/data"), SoundFile("a.wav"))
    assert np.abs(read - tone()).max() < 1e-3


def test_a_missing_and_a_broken_sound_are_named(tmp_path: Path) -> None:
    data = Data(str(tmp_path))
    with pytest.raises(BenchmarkData, match=r"gone\.wav: there is no such sound"):
        read_sound(data, SoundFile("gone.wav"))
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    with pytest.raises(MediaError, match=r"broken\.wav: no audio could be decoded"):
        read_sound(data, SoundFile("broken.wav"))
