"""The package that an OP-Atom file names, and none of other files."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from af3core.audio.mxf_package import AtomFile, read_atom
from af3core.audio.probe import probe
from af3core.audio.recording_parts import files_of, source_of
from af3core.audio.sound_identity import sound_sha256
from tests.af3core.audio import clicked_media as made
from tests.media import ffmpeg

ATOM = ("-c:a", "pcm_s16le", "-f", "mxf_opatom")
DNXHD = ("-c:v", "dnxhd", "-b:v", "36M", "-pix_fmt", "yuv422p", "-f", "mxf_opatom")
PICTURE = ("-f", "lavfi", "-i", "testsrc=size=1920x1080:rate=25:duration=0.1")


def atom_of(data: bytes) -> AtomFile | None:
    return read_atom(io.BytesIO(data))


def test_it_is_the_package_that_ffmpeg_reads(tmp_path: Path) -> None:
    path = made.encoded(tmp_path / "a.mxf", *ATOM)
    found = atom_of(path.read_bytes())
    assert found is not None
    assert found.has_sound
    with av.open(str(path)) as media:
        assert media.metadata["material_package_umid"] == f"0x{found.package.upper()}"


def test_a_picture_has_no_sound(tmp_path: Path) -> None:
    ffmpeg(*PICTURE, *DNXHD, str(tmp_path / "v.mxf"))
    found = atom_of((tmp_path / "v.mxf").read_bytes())
    assert found is not None
    assert not found.has_sound


def test_what_interleaves_its_tracks_is_no_atom(tmp_path: Path) -> None:
    sound = ("-f", "wav", "-i", "pipe:", "-c:v", "mpeg2video", "-c:a", "pcm_s16le")
    ffmpeg(*made.PICTURE, *sound, str(tmp_path / "a.mxf"), stdin=made.clicks())
    assert atom_of((tmp_path / "a.mxf").read_bytes()) is None


@pytest.mark.parametrize("data", [b"", b"RIFF", b"\x06\x0e\x2b\x34" * 5, made.clicks()])
def test_other_bytes_are_no_atom(data: bytes) -> None:
    assert atom_of(data) is None


def test_numbers_at_random_raise_nothing(tmp_path: Path) -> None:
    head = made.encoded(tmp_path / "a.mxf", *ATOM).read_bytes()[:6000]
    random = np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(head[: int(random.integers(0, len(head)))])
        for at in random.integers(0, max(1, len(data)), 40):
            if len(data):
                data[at] = int(random.integers(0, 256))
        atom_of(bytes(data))


def test_a_folder_is_a_recording_of_several_files(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    first = made.encoded(folder / "0000.mxf", *ATOM)
    second = made.encoded(folder / "0001.mxf", *ATOM, rate_hz=48_000)
    media = probe(folder, "a.mxf")
    assert files_of(folder) == [first, second]
    assert [(track.index, track.part) for track in media.tracks] == [(0, 0), (1, 1)]
    assert (media.channels, media.declared_duration_ms) == (2, 6000)
    assert source_of(folder, media.tracks, 1) == (second, 0)
    both = sound_sha256(folder)
    assert both not in ("", sound_sha256(first))
    second.write_bytes(b"")
    assert sound_sha256(folder) == ""
