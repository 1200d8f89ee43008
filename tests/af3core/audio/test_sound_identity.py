"""Equal sounds have equal identities in other containers, under other tags; others have others."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.audio.sound_identity import sound_sha256
from tests.media import ffmpeg

TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=3")


def copied(path: Path, name: str, *options: str) -> Path:
    """The same packets in another file."""
    made = path.with_name(name)
    ffmpeg("-i", str(path), "-c", "copy", *options, str(made))
    return made


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("a.mp3", ["b.mp3", "c.mkv", "d.mka", "e.nut"]),
        ("a.wav", ["b.wav", "c.w64", "d.mka", "e.nut", "f.mov"]),
        ("a.m4a", ["b.m4a", "c.mkv", "d.mov"]),
        ("a.ogg", ["b.ogg", "c.mka"]),
        ("a.opus", ["b.opus", "c.mka"]),
        ("a.flac", ["b.flac", "c.oga", "d.mka"]),
    ],
)
def test_tags_and_containers_change_nothing(tmp_path: Path, name: str, others: list[str]) -> None:
    coded = ("-c:a", "libvorbis") if name.endswith("ogg") else ()
    ffmpeg(*TONE, *coded, "-metadata", "title=one", str(tmp_path / name))
    first = sound_sha256(tmp_path / name)
    assert len(first) == 64
    tags = ("-metadata", "title=another", "-metadata", "artist=Köln")
    again = {one: sound_sha256(copied(tmp_path / name, one, *tags)) for one in others}
    assert again == dict.fromkeys(others, first)


def test_what_is_heard_otherwise_is_another_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.mka"
    ffmpeg(*TONE, "-c:a", "flac", str(path))
    late = tmp_path / "late.mkv"
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=5")
    shifted = ("-itsoffset", "2", "-i", str(path), "-map", "0:v", "-map", "1:a", "-c:a", "copy")
    ffmpeg(*picture, *shifted, str(late))
    on_time = tmp_path / "on_time.mkv"
    ffmpeg(*picture, "-i", str(path), "-map", "0:v", "-map", "1:a", "-c:a", "copy", str(on_time))
    shorter = copied(path, "shorter.mka", "-t", "2")
    two = tmp_path / "two.mka"
    ffmpeg("-i", str(path), "-map", "0:a", "-map", "0:a", "-c", "copy", str(two))
    slow = tmp_path / "slow.wav"
    ffmpeg(*TONE, str(tmp_path / "a.wav"))
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[24:28] = (8000).to_bytes(4, "little")
    slow.write_bytes(data)
    first = sound_sha256(path)
    assert sound_sha256(on_time) == first
    assert first not in {sound_sha256(other) for other in (late, shorter, two)}
    assert sound_sha256(slow) != sound_sha256(tmp_path / "a.wav")


def test_the_hash_of_a_known_sound_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    header = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0"
    path.write_bytes(header + b"data\x08\0\0\0" + bytes(range(8)))
    assert sound_sha256(path) == (
        "744036fa85c69d31ea4e7f71f44aebab5bbbee0fa3d76a2441a119c6372fbaa1"
    )


def test_what_cannot_be_opened_has_no_sound(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no recording")
    assert sound_sha256(tmp_path / "a.wav") == ""
