"""The day that a file names in itself, read from files that FFmpeg writes."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from af3core.audio.stamped_dates import sidecar_day, stamped_day
from tests.af3core.audio.crafted_media import xmp
from tests.media import ffmpeg

TONE = ("-f", "lavfi", "-i", "sine=duration=1")


def day(path: Path, rule: str, timezone: str = "UTC") -> str | None:
    with path.open("rb") as file:
        return stamped_day(file, rule, timezone)


@pytest.mark.parametrize("options", [(), ("-rf64", "always")], ids=["RIFF", "RF64"])
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-21", "2026-11-21"),
        ("2026:11:21", "2026-11-21"),
        ("2026-13-40", None),
        ("0000-00-00", None),
    ],
)
def test_the_origination_date_of_a_broadcast_wave(
    tmp_path: Path, options: tuple[str, ...], written: str, expected: str | None
) -> None:
    stamp = ("-write_bext", "1", "-metadata", f"origination_date={written}")
    ffmpeg(*TONE, *stamp, *options, str(tmp_path / "a.wav"))
    assert day(tmp_path / "a.wav", "bwf") == expected
    assert day(tmp_path / "a.wav", "created") is None


@pytest.mark.parametrize("suffix", ["mp4", "mov", "m4a"])
def test_the_creation_time_has_its_day_in_the_time_zone(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    ffmpeg(*TONE, "-metadata", "creation_time=2026-11-21T23:30:00Z", str(path))
    assert day(path, "created") == "2026-11-21"
    assert day(path, "created", "Europe/Berlin") == "2026-11-22"
    ffmpeg(
        *TONE,
        "-metadata",
        "creation_time=2026-11-21T23:30:00Z",
        "-movflags",
        "+faststart",
        str(path),
    )
    assert day(path, "created") == "2026-11-21"


def test_a_movie_without_a_clock_names_no_day(tmp_path: Path) -> None:
    ffmpeg(*TONE, str(tmp_path / "a.mp4"))
    assert day(tmp_path / "a.mp4", "created") is None


def test_apples_date_is_that_of_the_place(tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    local = ("-metadata", "com.apple.quicktime.creationdate=2026-11-22T00:30:00+0100")
    utc = ("-metadata", "creation_time=2026-11-21T23:30:00Z")
    ffmpeg(*TONE, *utc, *local, "-movflags", "use_metadata_tags", str(path))
    assert day(path, "created") == "2026-11-22"


def test_xmp_of_wav_mp4_and_mp3(tmp_path: Path) -> None:
    packet = xmp('xmp:CreateDate="2026-11-20T10:00:00+01:00" xmpDM:shotDate="2026-11-21"')
    ffmpeg(*TONE, str(tmp_path / "a.wav"))
    ffmpeg(*TONE, str(tmp_path / "a.mp4"))
    ffmpeg(*TONE, "-id3v2_version", "0", str(tmp_path / "a.mp3"))
    chunk = b"_PMX" + struct.pack("<I", len(packet)) + packet
    (tmp_path / "a.wav").write_bytes((tmp_path / "a.wav").read_bytes() + chunk)
    box = bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + packet
    with (tmp_path / "a.mp4").open("ab") as file:
        file.write(struct.pack(">I", 8 + len(box)) + b"uuid" + box)
    private = b"XMP\0" + packet
    frame = b"PRIV" + struct.pack(">IH", len(private), 0) + private
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    data = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "a.mp3").write_bytes(b"ID3\3\0\0" + size + frame + data)
    for name in ("a.wav", "a.mp4", "a.mp3"):
        assert day(tmp_path / name, "xmp") == "2026-11-21", name


def test_without_a_shot_date_the_creation_date_of_xmp_counts(tmp_path: Path) -> None:
    packet = xmp("").replace(b"/></rdf", b"><xmp:CreateDate>2026-11-20T10:00</xmp:CreateDate></rdf")
    path = tmp_path / "a.wav"
    ffmpeg(*TONE, str(path))
    path.write_bytes(path.read_bytes() + b"_PMX" + struct.pack("<I", len(packet)) + packet)
    assert day(path, "xmp") == "2026-11-20"


@pytest.mark.parametrize("rule", ["bwf", "xmp", "created"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF\xff\xff\xff\xffWAVE" + b"bext\xff\xff\xff\xff",
        b"RIFF\0\0\0\0WAVE" + b"LIST\0\0\0\0" * 5000,
        b"\0\0\0\x00moov\0\0\0\x01mvhd",
        b"\0\0\0\x01ftyp\0\0\0\0\0\0\0\0",
        b"\0\0\0\x14moov\0\0\0\x0cmvhd\x01\0\0\0",
        b"ID3\3\0\0\x7f\x7f\x7f\x7fPRIV\xff\xff\xff\xff\0\0",
    ],
)
def test_hostile_headers_name_no_day(rule: str, data: bytes) -> None:
    assert stamped_day(io.BytesIO(data), rule, "UTC") is None


PACKET = xmp('xmpDM:shotDate="2026-11-21"')


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (PACKET, "2026-11-21"),
        (PACKET.decode().encode("utf-16"), "2026-11-21"),
        (b"", None),
        (b'<a xmpDM:shotDate="2026-11-21"/>', None),
        (b'<!DOCTYPE x [<!ENTITY a "2026-11-21">]>' + PACKET, None),
        (PACKET[:200] + b" " * (1 << 20) + PACKET[200:], None),
        (b"\xff\xfe" + PACKET, None),
        (PACKET.replace(b"2026-11-21", b"2026-13-40"), None),
    ],
)
def test_a_file_of_xmp_alone(data: bytes, expected: str | None) -> None:
    assert sidecar_day(io.BytesIO(data)) == expected
