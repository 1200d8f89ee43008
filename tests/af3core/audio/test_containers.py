"""Every suffix of an archive is listed, opened and decoded, under its own name and without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from af3core.audio.containers import has_header
from af3core.audio.decode import DecodeReport, decode
from af3core.audio.probe import probe
from beam_jobs.framework.source import is_recording
from beam_jobs.night.recording_file import recording_file
from schemas.records import ArchiveObject
from tests.af3core.audio import crafted_media
from tests.made_once import made_once
from tests.media import ffmpeg

TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=2:sample_rate=48000")
PICTURE = ("-f", "lavfi", "-i", "testsrc=size=720x576:rate=25:duration=2")
MPEG2 = ("-c:v", "mpeg2video", "-g", "12")

ENCODED = {
    ".3gp": (("-c:a", "aac"), ("mov,mp4,m4a,3gp,3g2,mj2", "aac")),
    ".aifc": (("-c:a", "pcm_mulaw", "-f", "aiff"), ("aiff", "pcm_mulaw")),
    ".amr": (("-ar", "8000", "-c:a", "libopencore_amrnb"), ("amr", "amrnb")),
    ".bwf": (("-write_bext", "1", "-f", "wav"), ("wav", "pcm_s16le")),
    ".caf": (("-f", "caf"), ("caf", "pcm_s16be")),
    ".dts": (("-ac", "2", "-c:a", "dca", "-strict", "-2"), ("dts", "dca")),
    ".f4v": (("-c:a", "aac", "-f", "f4v"), ("mov,mp4,m4a,3gp,3g2,mj2", "aac")),
    ".g722": (("-ar", "16000"), ("g722", "g722")),
    ".m2t": (("-c:a", "mp2", "-f", "mpegts"), ("mpegts", "mp2")),
    ".mpga": (("-f", "mp3"), ("mp3", "mp3float")),
    ".nut": (("-c:a", "pcm_s16le"), ("nut", "pcm_s16le")),
    ".oggflac": (("-c:a", "flac", "-f", "ogg"), ("ogg", "flac")),
    ".qt": (("-c:a", "pcm_s16be", "-f", "mov"), ("mov,mp4,m4a,3gp,3g2,mj2", "pcm_s16be")),
    ".ra": (("-c:a", "ac3", "-f", "rm"), ("rm", "ac3")),
    ".rf64": (("-rf64", "always", "-f", "wav"), ("wav", "pcm_s16le")),
    ".snd": (("-f", "au"), ("au", "pcm_s16be")),
    ".trec": (("-c:a", "aac", "-f", "mp4"), ("mov,mp4,m4a,3gp,3g2,mj2", "aac")),
    ".voc": ((), ("voc", "pcm_s16le")),
    ".wave": (("-f", "wav"), ("wav", "pcm_s16le")),
}
FILMED = {
    ".dv": (("-c:v", "dvvideo", "-pix_fmt", "yuv420p", "-ac", "2"), ("dv", "pcm_s16le")),
    ".gxf": ((*MPEG2, "-c:a", "pcm_s16le"), ("gxf", "pcm_s16le")),
    ".m2ts": ((*MPEG2, "-c:a", "ac3", "-mpegts_m2ts_mode", "1"), ("mpegts", "ac3")),
    ".mxf": ((*MPEG2, "-c:a", "pcm_s16le"), ("mxf", "pcm_s16le")),
    ".vob": ((*MPEG2, "-c:a", "ac3"), ("mpeg", "ac3")),
}
CRAFTED: dict[str, tuple[Callable[[], bytes], tuple[str, str]]] = {
    ".dff": (lambda: crafted_media.dsdiff(2), ("iff", "dsd_msbf")),
    ".dsf": (lambda: crafted_media.dsf(2), ("dsf", "dsd_lsbf_planar")),
    ".spx": (lambda: crafted_media.speex(100), ("ogg", "speex")),
}


@pytest.fixture(scope="module")
def media(shared: Path) -> Path:
    """One file of 2 s for each suffix."""

    def make(folder: Path) -> None:
        folder.mkdir()
        for suffix, (options, _) in ENCODED.items():
            ffmpeg(*TONE, *options, str(folder / f"a{suffix}"))
        for suffix, (options, _) in FILMED.items():
            ffmpeg(*PICTURE, *TONE, *options, str(folder / f"a{suffix}"))
        ffmpeg(*TONE, "-c:a", "pcm_s16le", "-f", "mxf_opatom", str(folder / "opatom.mxf"))
        for suffix, (craft, _) in CRAFTED.items():
            (folder / f"a{suffix}").write_bytes(craft())

    return made_once(shared, "media_of_all_suffixes", make)


def found(path: Path) -> ArchiveObject:
    return ArchiveObject(str(path), "radio", "2026-11-21", path.stat().st_size, "")


def heard(path: Path) -> tuple[str, str, float]:
    """Container, codec and decoded seconds of an object of an archive."""
    with recording_file(found(path)) as file:
        media = probe(file, str(path))
        chunks = decode(file, str(path), DecodeReport(), 3600)
        return media.container, media.codec, sum(map(len, chunks)) / 16_000


ALL = {s: told for s, (_, told) in (*ENCODED.items(), *FILMED.items(), *CRAFTED.items())}


@pytest.mark.parametrize("suffix", ALL)
def test_a_suffix_is_listed_opened_and_decoded(media: Path, suffix: str) -> None:
    path = media / f"a{suffix}"
    assert is_recording(path.name)
    container, codec, seconds = heard(path)
    assert (container, codec) == ALL[suffix]
    assert seconds == pytest.approx(2, abs=0.1)


def test_mxf_op_atom_is_opened_and_decoded(media: Path) -> None:
    assert heard(media / "opatom.mxf") == ("mxf", "pcm_s16le", 2.0)


@pytest.mark.parametrize("suffix", sorted(set(ALL) - {".g722"}))
def test_the_bytes_tell_the_container_whatever_the_name(
    media: Path, tmp_path: Path, suffix: str
) -> None:
    for name in ("no_suffix", "wrong.txt", "wrong.g722"):
        path = tmp_path / name
        path.symlink_to(media / f"a{suffix}")
        container, codec, seconds = heard(path)
        assert (container, codec) == ALL[suffix], name
        assert seconds == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.tak", crafted_media.tak_header(), ("tak", "tak", 44_100)),
        ("a.mpc", crafted_media.musepack_7_header(), ("mpc", "mpc7", 44_100)),
        ("b.mpc", crafted_media.musepack_8_header(), ("mpc8", "mpc8", 44_100)),
    ],
)
def test_what_ffmpeg_cannot_encode_is_recognised_by_its_header(
    tmp_path: Path, name: str, data: bytes, expected: tuple[str, str, int]
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert is_recording(name)
    assert has_header(data)
    told = probe(path, name)
    assert (told.container, told.codec, told.sample_rate_hz) == expected


def test_a_short_mp3_is_none_of_the_codecs_without_a_header(tmp_path: Path) -> None:
    ffmpeg(*TONE, "-t", "0.15", "-id3v2_version", "0", "-write_xing", "0", str(tmp_path / "a.mp3"))
    (tmp_path / "a.mp3").rename(tmp_path / "a.g722")
    assert heard(tmp_path / "a.g722")[:2] == ("mp3", "mp3float")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"RIFF\0\0\0\0WAVE", True),
        (b"\0\0\0\x20ftypisom", True),
        (b"\xff\xfb\x90\x00" + bytes(1000), False),
        (b"\xfa\xda\xff\xff" * 512, False),
        (b"", False),
    ],
)
def test_a_header_is_told_from_samples(head: bytes, expected: bool) -> None:
    assert has_header(head) is expected
