"""Containers by their own numbers: links, pages, tags, announced ends, frames of MPEG audio."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.audio.container_ends import missing_bytes
from af3core.audio.media_parts import media_parts
from af3core.audio.mpeg_frames import bytes_between_frames, declares_length, frame_bytes
from af3core.audio.ogg_pages import read_ogg
from tests.af3core.audio import clicked_media as made

OPUS = ("-c:a", "libopus")


def test_links_of_a_chain_and_their_lengths(tmp_path: Path) -> None:
    first = made.encoded(tmp_path / "1.opus")
    second = made.encoded(tmp_path / "2.ogg", "-c:a", "libvorbis", rate_hz=22_050)
    size = first.stat().st_size
    path = made.chained(tmp_path / "chain.ogg", first, second)
    ogg = read_ogg(path)
    assert ogg is not None
    whole = path.stat().st_size
    assert [(link.start, link.end) for link in ogg.links] == [(0, size), (size, whole)]
    assert [link.declared_ms for link in ogg.links] == [6000, 6000]
    assert (ogg.declared_ms, ogg.unended_links, ogg.lost_pages) == (12_000, 0, 0)
    assert [(part.start, part.end) for part in media_parts(path)] == [(0, size), (size, whole)]
    address = media_parts(path)[1].address
    assert address == f"subfile,,start,{size},end,{whole},,:file:{path}"


@pytest.mark.parametrize("percent", range(10, 100, 10))
def test_an_ogg_that_is_cut_is_seen_wherever_it_is(percent: int, tmp_path: Path) -> None:
    path = made.cut(made.encoded(tmp_path / "a.opus"), percent / 100)
    ogg = read_ogg(path)
    assert ogg is not None
    assert ogg.missing_bytes > 0
    assert ogg.unended_links == 1


def test_an_ogg_that_is_cut_between_pages_lacks_its_last(tmp_path: Path) -> None:
    path = made.encoded(tmp_path / "a.opus")
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"OggS")])
    ogg = read_ogg(path)
    assert ogg is not None
    assert (ogg.missing_bytes, ogg.unended_links, ogg.lost_pages) == (0, 1, 0)


def test_a_page_that_is_missing_between_others_is_counted(tmp_path: Path) -> None:
    path = made.encoded(tmp_path / "a.opus")
    data = path.read_bytes()
    pages = [place for place in range(len(data)) if data.startswith(b"OggS", place)]
    path.write_bytes(data[: pages[3]] + data[pages[4] :])
    ogg = read_ogg(path)
    assert ogg is not None
    assert (ogg.lost_pages, ogg.unended_links) == (1, 0)


def test_tags_behind_the_frames_are_no_part_of_them(tmp_path: Path) -> None:
    path = made.encoded(tmp_path / "a.mp3")
    size = path.stat().st_size
    assert [(part.start, part.end) for part in media_parts(path)] == [(None, None)]
    ape = b"APETAGEX" + (2000).to_bytes(4, "little") + (100).to_bytes(4, "little")
    ape += (0).to_bytes(4, "little") + bytes(12)
    made.changed(path, lambda data: data.extend(bytes(68) + ape + made.lyrics3()))
    [part] = media_parts(path)
    assert (part.start, part.end) == (0, size)


def test_a_text_that_only_ends_like_a_tag_takes_no_sound(tmp_path: Path) -> None:
    path = made.encoded(tmp_path / "a.mp3")
    made.changed(path, lambda data: data.extend(b"999999LYRICS200"))
    assert media_parts(path)[0].end is None


@pytest.mark.parametrize(
    ("suffix", "options", "lost"),
    [
        ("wav", (), 100),
        ("w64", (), 100),
        ("caf", (), 100),
        ("mka", ("-c:a", "flac"), 100),
        ("avi", ("-c:a", "pcm_s16le"), 100),
        ("wma", (), 100),
        ("m4a", (), 100),
        ("flv", ("-c:a", "aac"), 1),
        ("ts", ("-c:a", "aac"), None),
        ("mp3", (), None),
    ],
)
def test_bytes_that_a_container_announces(
    suffix: str, options: tuple[str, ...], lost: int | None, tmp_path: Path
) -> None:
    path = made.encoded(tmp_path / f"a.{suffix}", *options)
    assert missing_bytes(path) == (None if lost is None else 0)
    path.write_bytes(path.read_bytes()[:-100])
    assert missing_bytes(path) == lost


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0x80000023, 0xFFFFFFC3, 0xFFFFFFFF])
def test_sizes_of_live_writers_announce_nothing(size: int, tmp_path: Path) -> None:
    path = made.encoded(tmp_path / "a.wav")
    made.changed(path, lambda data: data.__setitem__(slice(4, 8), size.to_bytes(4, "little")))
    assert missing_bytes(path) is None


@pytest.mark.parametrize(
    ("header", "length"),
    [
        ("fffb9064", 417),  # MPEG-1 layer III, 128 kbit/s, 44.1 kHz
        ("fffb9264", 418),  # and padded
        ("fff3a0c4", 313),  # MPEG-2 layer III, 96 kbit/s, 22.05 kHz
        ("fffd8004", 417),  # MPEG-1 layer II, 128 kbit/s, 44.1 kHz
        ("fffb0064", 0),  # of free format
        ("fffbf064", 0),
        ("fffb9c64", 0),  # no such rate
        ("00fb9064", 0),
    ],
)
def test_lengths_of_mpeg_frames(header: str, length: int) -> None:
    assert frame_bytes(bytes.fromhex(header)) == length


def test_whether_mpeg_audio_declares_its_length(tmp_path: Path) -> None:
    assert declares_length(made.encoded(tmp_path / "a.mp3"))
    assert not declares_length(made.encoded(tmp_path / "b.mp3", "-write_xing", "0"))


def test_bytes_of_mpeg_audio_that_are_no_frames(tmp_path: Path) -> None:
    path = made.encoded(tmp_path / "a.mp3", "-id3v2_version", "0")
    size = path.stat().st_size
    assert bytes_between_frames(path, size) == (0, size)
    frame = frame_bytes(path.read_bytes()[:4])
    data = path.read_bytes()
    path.write_bytes(data[:frame] + bytes(5000) + data[frame:])
    strange, framed = bytes_between_frames(path, size + 5000)
    assert strange == pytest.approx(5000, abs=frame)
    assert strange + framed == size + 5000
