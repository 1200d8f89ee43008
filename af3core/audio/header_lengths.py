"""The length that a cut file's header still names where FFmpeg goes by the bytes that are left.

WAV and Wave64 (RIFF; Sony, "Wave64"), CAF (Apple, Core Audio Format Specification), AVI (OpenDML;
`AVISTREAMHEADER`) and ASF (Advanced Systems Format Specification, 3.2).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

_MOST_CHUNKS = 4096
_HEAD_BYTES = 1 << 16
_CONSTANT_RATE = frozenset((0x0001, 0x0003, 0x0006, 0x0007, 0xFFFE))
"""WAVE_FORMAT_ tags: PCM, IEEE_FLOAT, ALAW, MULAW, EXTENSIBLE."""
_W64_ID = bytes.fromhex("726966662E91CF11A5D628DB04C10000")
_W64_HEADER_BYTES = 24
_ASF_ID = bytes.fromhex("3026B2758E66CF11A6D900AA0062CE6C")
_ASF_FILE = bytes.fromhex("A1DCAB8C47A9CF118EE400C00C205365")
_ASF_DURATION_AT = 64
_TICKS_A_MS = 10_000
_LONGEST_MS = 1000 * 3_600_000
"""What names more is no length, but numbers at random."""


class _Chunk(NamedTuple):
    name: bytes
    size: int
    content: bytes


def header_length_ms(path: Path) -> int | None:
    """Milliseconds from the file's start to the end of its sound, by the header.

    Of several audio streams of an AVI the shortest. None where the header names none that can be,
    or the codec's bytes have no constant rate.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(_HEAD_BYTES)
        try:
            length_ms = _length_ms(file, head, size)
        except struct.error:
            return None
    return int(length_ms) if length_ms and 0 < length_ms <= _LONGEST_MS else None


def _length_ms(file: BinaryIO, head: bytes, size: int) -> float | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _wave_ms(_chunks(file, 12, size, _riff_header))
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return _avi_ms(head)
    if head[:16] == _W64_ID:
        return _wave_ms(_chunks(file, _W64_HEADER_BYTES + 16, size, _w64_header))
    if head[:4] == b"caff":
        return _caf_ms(_chunks(file, 8, size, _caf_header))
    if head[:16] == _ASF_ID:
        return _asf_ms(head)
    return None


Header = tuple[bytes, int, int, int]
"""Name of a chunk, length of its header and of its content, and to how many bytes it is padded."""


def _chunks(
    file: BinaryIO, start: int, end: int, read: Callable[[bytes], Header]
) -> Iterator[_Chunk]:
    """Chunks in order, each with its first bytes; the last may be cut."""
    for _ in range(_MOST_CHUNKS):
        if start >= end:
            return
        file.seek(start)
        name, header_bytes, size, padded_to = read(file.read(_W64_HEADER_BYTES))
        file.seek(start + header_bytes)
        yield _Chunk(name, size, file.read(min(max(size, 0), 64)))
        if size < 0:
            return
        start += header_bytes + size
        start += -start % padded_to


def _riff_header(data: bytes) -> Header:
    name, size = struct.unpack_from("<4sI", data)
    return name, 8, size, 2


def _w64_header(data: bytes) -> Header:
    name, size = struct.unpack_from("<16sQ", data)
    return name[:4], _W64_HEADER_BYTES, size - _W64_HEADER_BYTES, 8


def _caf_header(data: bytes) -> Header:
    name, size = struct.unpack_from(">4sq", data)
    return name, 12, size, 1


def _wave_ms(chunks: Iterator[_Chunk]) -> int | None:
    bytes_a_second = 0
    for chunk in chunks:
        if chunk.name == b"fmt ":
            tag, _, _, bytes_a_second = struct.unpack_from("<HHII", chunk.content)
            if tag not in _CONSTANT_RATE:
                return None
        elif chunk.name == b"data":
            return chunk.size * 1000 // bytes_a_second if bytes_a_second else None
    return None


def _caf_ms(chunks: Iterator[_Chunk]) -> float | None:
    bytes_a_second = 0.0
    for chunk in chunks:
        if chunk.name == b"desc":
            rate, _, _, packet_bytes, packet_frames = struct.unpack_from(">d4sIII", chunk.content)
            bytes_a_second = rate * packet_bytes / packet_frames if packet_frames else 0.0
        elif chunk.name == b"data" and chunk.size > 4:  # the count of edits comes first
            return (chunk.size - 4) * 1000 / bytes_a_second if bytes_a_second > 0 else None
    return None


def _avi_ms(head: bytes) -> int | None:
    """Of the streams' headers: start and length, in units of scale and rate."""
    lengths_ms, place = [], head.find(b"strh")
    for _ in range(_MOST_CHUNKS):
        if place < 0:
            break
        if head[place + 8 : place + 12] == b"auds":
            scale, rate, start, length = struct.unpack_from("<4I", head, place + 8 + 20)
            if not (rate and scale and length):
                return None
            lengths_ms.append((start + length) * scale * 1000 // rate)
        place = head.find(b"strh", place + 4)
    return min(lengths_ms, default=None)


def _asf_ms(head: bytes) -> int | None:
    """Play Duration less Preroll, of the File Properties Object."""
    place = head.find(_ASF_FILE)
    if place < 0:
        return None
    duration, _, preroll_ms = struct.unpack_from("<3Q", head, place + _ASF_DURATION_AT)
    return duration // _TICKS_A_MS - preroll_ms
