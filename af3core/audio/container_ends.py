"""How many bytes a container announces that the file does not have: its own sizes, held against it.

Headers alone are read. A container that names no size (streams of live recorders, MPEG-TS and -PS,
bare frames) tells nothing, which is None.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from af3core.audio.mp4_boxes import is_mp4, top_boxes

_UNKNOWN_32 = (range(1), range(0x7FFFF000, 0x80001000), range(0xFFFF0000, 0x1_0000_0000))
"""Sizes that live writers set: nothing, and the largest of 31 and 32 bits less or more a header."""
_EBML = bytes.fromhex("1A45DFA3")
_SEGMENT = bytes.fromhex("18538067")
_ASF_HEADER = bytes.fromhex("3026B2758E66CF11A6D900AA0062CE6C")
_ASF_FILE = bytes.fromhex("A1DCAB8C47A9CF118EE400C00C205365")
_ASF_FILE_SIZE_AT, _ASF_FLAGS_AT, _ASF_BROADCAST = 40, 88, 1
_W64_RIFF = bytes.fromhex("726966662E91CF11A5D628DB04C10000")
_FLV_TAG_HEADER_BYTES = 11
_GXF_PACKET_BYTES = 16
_GXF_END_OF_STREAM = 0xFB
_HEAD_BYTES = 8192
_MOST_CHUNKS = 100_000
"""Chunks that are walked over; a file with more is not judged."""


def missing_bytes(path: Path) -> int | None:
    """Bytes that are missing at the end; 0 where none are, None where the container cannot tell."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(_HEAD_BYTES)
        end = _announced_end(file, head, size)
    return None if end is None else max(0, end - size)


def _announced_end(file: BinaryIO, head: bytes, size: int) -> int | None:
    if head[:4] == b"RIFF":
        return _riff_end(file, size)
    if head[:4] == b"RF64" and head[12:16] == b"ds64":
        return 8 + int.from_bytes(head[20:28], "little")
    if head[:4] == _EBML:
        return _matroska_end(head)
    if is_mp4(head):
        return max((box.end for box in top_boxes(file, size)), default=None)
    if head[:16] == _ASF_HEADER:
        return _asf_end(head)
    if head[:16] == _W64_RIFF:
        return int.from_bytes(head[16:24], "little")
    if head[:4] == b"caff":
        return max(_caf_ends(file, size), default=None)
    if head[:3] == b"FLV":
        return _flv_end(file, size)
    if _is_gxf_packet(head):
        return _gxf_end(file, size)
    return None


def _riff_end(file: BinaryIO, size: int) -> int | None:
    """The end of the last RIFF: AVI of more than 1 GB is several, one after another."""
    position = end = 0
    for _ in range(_MOST_CHUNKS):
        file.seek(position)
        header = file.read(8)
        if len(header) < 8 or header[:4] != b"RIFF":
            break
        length = int.from_bytes(header[4:8], "little")
        if any(length in unknown for unknown in _UNKNOWN_32):
            return None
        # chunks of odd length are padded
        end = position + 8 + length
        position = end + (length & 1)
        if position >= size:
            break
    return end


def _matroska_end(head: bytes) -> int | None:
    """The end of the segment, by the sizes of EBML (RFC 8794)."""
    length, position = _vint(head, len(_EBML))
    if length is None:
        return None
    position += length
    if head[position : position + 4] != _SEGMENT:
        return None
    length, position = _vint(head, position + 4)
    return None if length is None else position + length


def _vint(data: bytes, position: int) -> tuple[int | None, int]:
    """A size and the place behind it; None where it is unknown."""
    if position >= len(data) or not data[position]:
        return None, position
    width = 9 - data[position].bit_length()
    raw = int.from_bytes(data[position : position + width], "big")
    value = raw & ((1 << (7 * width)) - 1)
    return (None if value == (1 << (7 * width)) - 1 else value), position + width


def _asf_end(head: bytes) -> int | None:
    place = head.find(_ASF_FILE)
    if place < 0 or place + _ASF_FLAGS_AT + 4 > len(head):
        return None
    flags = int.from_bytes(head[place + _ASF_FLAGS_AT : place + _ASF_FLAGS_AT + 4], "little")
    if flags & _ASF_BROADCAST:
        return None
    start = place + _ASF_FILE_SIZE_AT
    return int.from_bytes(head[start : start + 8], "little") or None


def _caf_ends(file: BinaryIO, size: int) -> Iterator[int]:
    position = 8
    for _ in range(_MOST_CHUNKS):
        file.seek(position)
        header = file.read(12)
        length = int.from_bytes(header[4:12], "big", signed=True)
        if len(header) < 12 or length < 0:
            return
        position += 12 + length
        yield position
        if position >= size:
            return


def _flv_end(file: BinaryIO, size: int) -> int:
    """One byte more than there is where the file does not end with a whole tag."""
    file.seek(max(0, size - 4))
    previous = int.from_bytes(file.read(4), "big")
    start = size - 4 - previous
    if previous < _FLV_TAG_HEADER_BYTES or start < 0:
        return size + 1
    file.seek(start + 1)
    length = int.from_bytes(file.read(3), "big")
    return size if length + _FLV_TAG_HEADER_BYTES == previous else size + 1


def _is_gxf_packet(header: bytes) -> bool:
    """SMPTE 360M, 7.1: the leader, the type, the length, and the trailer."""
    return header[:5] == b"\0\0\0\0\1" and header[10:16] == b"\0\0\0\0\xe1\xe2"


def _gxf_end(file: BinaryIO, size: int) -> int:
    """The file's end, or a packet more where the last one is not that of the end of stream."""
    file.seek(max(0, size - _GXF_PACKET_BYTES))
    last = file.read(_GXF_PACKET_BYTES)
    is_whole = _is_gxf_packet(last) and last[5] == _GXF_END_OF_STREAM
    return size if is_whole else size + _GXF_PACKET_BYTES
