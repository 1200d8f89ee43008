"""Tags of any encoding open, and sound that begins late is found and decoded."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from af3core.audio.decode import DecodeReport, decode
from af3core.audio.ffmpeg_program import ffmpeg_binary
from af3core.audio.open_media import open_media
from af3core.audio.probe import probe
from tests.media import ffmpeg

TONE = ("-f", "lavfi", "-i", "sine=duration=2")
LATIN_1 = b"K\xf6ln"


def tagged(path: Path, *options: bytes) -> None:
    quiet = ("-y", "-loglevel", "error", *TONE)
    subprocess.run(
        [ffmpeg_binary().encode(), *(o.encode() for o in quiet), *options, bytes(path)], check=True
    )


@pytest.mark.parametrize("suffix", ["wav", "avi", "mkv", "ogg", "flac", "mp3", "mka", "aiff"])
def test_a_title_in_latin_1_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    tagged(path, b"-metadata", b"title=" + LATIN_1, b"-metadata:s:a:0", b"title=" + LATIN_1)
    assert probe(path, path.name).declared_duration_ms == pytest.approx(2000, abs=60)
    with open_media(path) as media:
        titles = [media.metadata.get("title"), *(s.metadata.get("title") for s in media.streams)]
    assert "Köln" in titles


def test_an_id3v1_title_in_latin_1_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    ffmpeg(*TONE, "-id3v2_version", "0", str(path))
    with path.open("ab") as file:
        file.write(b"TAG" + LATIN_1.ljust(125, b"\0"))
    with open_media(path) as media:
        assert media.metadata["title"] == "Köln"


def test_a_broadcast_extension_in_latin_1_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    tagged(path, b"-write_bext", b"1", b"-metadata", b"description=" + LATIN_1)
    assert probe(path, "a.wav").codec == "pcm_s16le"


def test_a_chapter_in_latin_1_is_no_hindrance(tmp_path: Path) -> None:
    chapters = tmp_path / "chapters.txt"
    chapters.write_bytes(
        b";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=" + LATIN_1 + b"\n"
    )
    path = tmp_path / "a.mka"
    ffmpeg(*TONE, "-i", str(chapters), "-map_chapters", "1", "-map", "0:a", str(path))
    with open_media(path) as media:
        assert [chapter["metadata"] for chapter in media.chapters()] == [{"title": "Köln"}]


@pytest.mark.parametrize(
    ("suffix", "rate"), [("ts", "2M"), ("vob", "500k")], ids=["transport stream", "program stream"]
)
def test_sound_that_begins_after_40_s_is_found_and_decoded(
    tmp_path: Path, suffix: str, rate: str
) -> None:
    path = tmp_path / f"late.{suffix}"
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=25:duration=46")
    late = ("-filter_complex", "[1:a]asetpts=PTS+40/TB[a]", "-map", "0:v", "-map", "[a]")
    rates = ("-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate)
    coded = ("-c:v", "mpeg2video", *rates, "-c:a", "ac3", "-ar", "48000")
    form = "mpegts" if suffix == "ts" else suffix
    ffmpeg(*picture, "-f", "lavfi", "-i", "sine=duration=4", *late, *coded, "-f", form, str(path))
    media = probe(path, path.name)
    assert (media.codec, media.sample_rate_hz, media.channels) == ("ac3", 48000, 1)
    assert media.probed_further
    report = DecodeReport()
    chunks = decode(path, path.name, report, 3600, probe_further=media.probed_further)
    assert sum(map(len, chunks)) >= 4 * 16_000
    assert report.complaints == ""
