"""Which bytes of a file are decoded by themselves: the links of a chained Ogg, MP3 files that were
joined, no trailing tags, and no piece of a fragment's index.

FFmpeg ends where a link changes its rate, its channels or its codec, and takes tags between frames
and those that it does not know (Lyrics3) for broken frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from af3core.audio import containers
from af3core.audio.mapped_file import mapped
from af3core.audio.mp4_boxes import usable_end
from af3core.audio.mpeg_frames import frame_bytes, id3v2_bytes
from af3core.audio.ogg_pages import read_ogg

_ID3V2 = b"ID3"
_MOST_JOINS = 1000
_ID3V1_BYTES = 128
_ID3V1_EXTENDED_BYTES = 227
_APE_FOOTER_BYTES = 32
_APE_HAS_HEADER = 1 << 31
_LYRICS3V1_BYTES = 5100 + 20
_LYRICS3V2_TAIL_BYTES = 15
_ID3V2_FOOTER_BYTES = 10
_LONGEST_TAGS = 16


@dataclass(frozen=True)
class MediaPart:
    """Bytes `[start, end)` of a file; None for both is the whole."""

    path: Path
    start: int | None = None
    end: int | None = None

    @property
    def address(self) -> str:
        """As FFmpeg opens it."""
        if self.start is None or self.end is None:
            return f"file:{self.path}"
        return f"subfile,,start,{self.start},end,{self.end},,:file:{self.path}"

    @property
    def options(self) -> dict[str, str]:
        """FFmpeg's options of opening: the protocol of parts is allowed where we name one."""
        if self.start is None:
            return containers.OPTIONS
        protocols = f"{containers.PROTOCOLS},subfile"
        return containers.OPTIONS | {"protocol_whitelist": protocols}


def media_parts(path: Path) -> list[MediaPart]:
    """The parts of a file, which are heard one after another."""
    ogg = read_ogg(path)
    if ogg is not None:
        if len(ogg.links) < 2:
            return [MediaPart(path)]
        return [MediaPart(path, link.start, link.end) for link in ogg.links]
    with path.open("rb") as file:
        if not _is_frames(file.read(4)):
            return [openable_part(path)]
        size = file.seek(0, 2)
        end = end_without_tags(file, size) or size
        starts = [0, *_joins(path, end)]
        ends = [end_without_tags(file, start) for start in starts[1:]] + [end]
    if len(starts) == 1 and end == size:
        return [MediaPart(path)]
    return [MediaPart(path, *span) for span in zip(starts, ends, strict=True) if span[0] < span[1]]


def openable_part(path: Path) -> MediaPart:
    """What FFmpeg opens of a file as one: the whole, or without the end that would refuse it."""
    end = usable_end(path)
    return MediaPart(path) if end is None else MediaPart(path, 0, end)


def _joins(path: Path, end: int) -> list[int]:
    """Where another file of MPEG audio begins with its own ID3v2: joined programmes."""
    joins: list[int] = []
    with mapped(path) as file:
        for place in file.places(_ID3V2, 1, end):
            behind = place + id3v2_bytes(file.data[place : place + 10])
            if place < behind < end and frame_bytes(file.data[behind : behind + 4]):
                joins.append(place)
            if len(joins) == _MOST_JOINS:
                break
    return joins


def _is_frames(head: bytes) -> bool:
    """True for a file that is coded frames one after another: MPEG audio, ADTS, AC-3, or ID3v2."""
    is_mpeg = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    return is_mpeg or head[:2] == b"\x0b\x77" or head[:3] == b"ID3"


def end_without_tags(file: BinaryIO, size: int) -> int:
    """Where the frames end: before ID3v1, APE, Lyrics3 and a closing ID3v2."""
    end = size
    for _ in range(_LONGEST_TAGS):
        length = _tag_bytes(file, end)
        if not 0 < length <= end:
            break
        end -= length
    return end


def _tag_bytes(file: BinaryIO, end: int) -> int:
    """The bytes of the tag that ends there; 0 where none does."""
    tail = _read(file, end, _ID3V1_BYTES)
    if len(tail) == _ID3V1_BYTES and tail.startswith(b"TAG"):
        extended = _read(file, end - _ID3V1_BYTES, _ID3V1_EXTENDED_BYTES)
        return _ID3V1_BYTES + (_ID3V1_EXTENDED_BYTES if extended.startswith(b"TAG+") else 0)
    footer = tail[-_APE_FOOTER_BYTES:]
    if footer.startswith(b"APETAGEX"):
        has_header = int.from_bytes(footer[20:24], "little") & _APE_HAS_HEADER
        return int.from_bytes(footer[12:16], "little") + (_APE_FOOTER_BYTES if has_header else 0)
    if tail.endswith(b"LYRICS200") and tail[-_LYRICS3V2_TAIL_BYTES:-9].isdigit():
        return int(tail[-_LYRICS3V2_TAIL_BYTES:-9]) + _LYRICS3V2_TAIL_BYTES
    if tail.endswith(b"LYRICSEND"):
        text = _read(file, end, _LYRICS3V1_BYTES)
        begin = text.rfind(b"LYRICSBEGIN")
        return len(text) - begin if begin >= 0 else 0
    footer = tail[-_ID3V2_FOOTER_BYTES:]
    if footer.startswith(b"3DI") and not any(byte & 0x80 for byte in footer[6:10]):
        size = sum(byte << shift for byte, shift in zip(footer[6:], (21, 14, 7, 0), strict=True))
        return size + 2 * _ID3V2_FOOTER_BYTES
    return 0


def _read(file: BinaryIO, end: int, count: int) -> bytes:
    """At most so many bytes before a place."""
    file.seek(max(0, end - count))
    return file.read(min(count, max(0, end)))
