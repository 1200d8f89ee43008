"""The day that a file names in itself: when it was broadcast, shot or made.

- `bwf`: OriginationDate of the `bext` chunk of a Broadcast Wave file (EBU Tech 3285, 2.3).
- `xmp`: xmpDM:shotDate, else xmp:CreateDate, of the XMP packet that a WAV, AVI, MP4, MOV or MP3
  holds (ISO 16684-1; XMP Specification Part 3, "Embedding XMP Metadata in Application Files"), or
  of the XMP file beside it.
- `created`: com.apple.quicktime.creationdate, else creation_time of `mvhd`, of an MP4 or MOV
  (ISO/IEC 14496-12, 8.2.2; QuickTime File Format).

Headers are read, and what lies between them is sought over, so that an object of a bucket costs a
few requests. What cannot be parsed names no day.
"""

from __future__ import annotations

import codecs
import datetime
import re
import struct
import zoneinfo
from collections.abc import Iterator
from typing import BinaryIO

_MOST_CHUNKS = 4096
"""More of them are no file's: a hostile one must not hold up a listing."""
_MOST_BYTES = 1 << 20
_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_XMP_DATES = (b"shotDate", b"CreateDate")
_RDF = b"http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_EPOCH_1904 = datetime.datetime(1904, 1, 1, tzinfo=datetime.UTC)
_UNSET_UNTIL = datetime.datetime(1970, 1, 2, tzinfo=datetime.UTC)
"""What a device without a clock writes: nothing, or the first day of Unix."""
_DATE = re.compile(rb"(\d{4})\D(\d\d)\D(\d\d)")
_APPLE_DATE = b"com.apple.quicktime.creationdate"


def stamped_day(file: BinaryIO, rule: str, timezone: str) -> str | None:
    """The day that a file names in itself, as YYYY-MM-DD; None where it names none.

    Args:
        file: seekable.
        rule: bwf, xmp or created.
        timezone: in which a moment that is given in UTC has its day.
    """
    try:
        if rule == "bwf":
            return _origination_date(file)
        if rule == "xmp":
            return _xmp_date(file)
        return _creation_day(file, timezone)
    except (struct.error, OverflowError):
        return None


def sidecar_day(file: BinaryIO) -> str | None:
    """The day that a file of XMP alone names, as YYYY-MM-DD; None where it names none, is none, or
    declares entities. At most 1 MiB is read.
    """
    packet = file.read(_MOST_BYTES)
    if packet.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        packet = packet.decode("utf-16", "replace").encode()
    if _RDF not in packet or b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        return None
    return _date_of_packet(packet)


def _origination_date(file: BinaryIO) -> str | None:
    for name, start, size in _riff_chunks(file):
        if name == b"bext" and size >= 330:
            file.seek(start + 320)  # Description 256, Originator 32, OriginatorReference 32
            return _date_in(file.read(10))
    return None


def _xmp_date(file: BinaryIO) -> str | None:
    return _date_of_packet(_xmp_packet(file))


def _date_of_packet(packet: bytes) -> str | None:
    for name in _XMP_DATES:
        found = re.search(rb":" + name + rb"(?:\s*=\s*[\"']|\s*>)\s*(\d{4}-\d\d-\d\d)", packet)
        if found and (date := _date_in(found[1])):
            return date
    return None


def _xmp_packet(file: BinaryIO) -> bytes:
    for name, start, size in _riff_chunks(file):
        if name == b"_PMX":
            return _read(file, start, size)
    for name, start, size in _id3_frames(file):
        if name == b"PRIV" and (data := _read(file, start, size)).startswith(b"XMP\0"):
            return data
    for name, start, end in _boxes(file, 0, _size(file)):
        if name == b"uuid" and _read(file, start, 16) == _XMP_BOX:
            return _read(file, start + 16, end - start - 16)
        if name == b"moov":
            for _, begin, stop in _within(file, start, end, b"udta", b"XMP_"):
                return _read(file, begin, stop - begin)
    return b""


def _creation_day(file: BinaryIO, timezone: str) -> str | None:
    for name, start, end in _boxes(file, 0, _size(file)):
        if name != b"moov":
            continue
        for path in ((b"meta",), (b"udta", b"meta")):
            for _, begin, stop in _within(file, start, end, *path):
                if date := _date_in(_metadata_value(_read(file, begin, stop - begin), _APPLE_DATE)):
                    return date
        for _, begin, _stop in _within(file, start, end, b"mvhd"):
            return _movie_day(_read(file, begin, 12), timezone)
    return None


def _metadata_value(metadata: bytes, name: bytes) -> bytes:
    """The text of one key of QuickTime's metadata: `keys` names them, `ilst` has their values."""
    keys, values = metadata.find(b"keys") + 12, metadata.find(b"ilst") + 4
    if keys < 12 or values < 4:
        return b""
    [count] = struct.unpack_from(">I", metadata, keys - 4)
    number = 0
    for index in range(1, min(count, _MOST_CHUNKS) + 1):
        [size] = struct.unpack_from(">I", metadata, keys)
        if metadata[keys + 8 : keys + size] == name:
            number = index
        keys += max(size, 8)
    while number and values + 24 <= len(metadata):
        size, index = struct.unpack_from(">II", metadata, values)
        if index == number:
            return metadata[values + 24 : values + size]
        values += max(size, 8)
    return b""


def _movie_day(header: bytes, timezone: str) -> str | None:
    [seconds] = struct.unpack_from(">Q" if header[:1] == b"\1" else ">I", header, 4)
    moment = _EPOCH_1904 + datetime.timedelta(seconds=seconds)
    if moment < _UNSET_UNTIL:
        return None
    return moment.astimezone(zoneinfo.ZoneInfo(timezone)).date().isoformat()


def _riff_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and size of each chunk of a WAV or AVI file; RF64 and BW64 hold a long one."""
    head = _read(file, 0, 12)
    if head[:4] not in (b"RIFF", b"RF64", b"BW64"):
        return
    start, data_bytes, end = 12, 0, _size(file)
    for _ in range(_MOST_CHUNKS):
        chunk = _read(file, start, 8)
        if len(chunk) < 8:
            return
        name, [size] = chunk[:4], struct.unpack("<I", chunk[4:])
        if name == b"ds64":
            [data_bytes] = struct.unpack_from("<Q", _read(file, start + 16, 8))
        if name == b"data" and size == 0xFFFFFFFF:
            size = data_bytes or end
        yield name, start + 8, size
        start += 8 + size + size % 2


def _id3_frames(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and size of each frame of an ID3v2.3 or 2.4 tag."""
    head = _read(file, 0, 10)
    if head[:3] != b"ID3" or head[3:4] not in (b"\3", b"\4"):
        return
    start, end = 10, 10 + _syncsafe(head[6:10])
    while start + 10 <= end:
        frame = _read(file, start, 10)
        if not frame[:4].isalnum():
            return
        is_syncsafe = head[3:4] == b"\4"
        size = _syncsafe(frame[4:8]) if is_syncsafe else struct.unpack(">I", frame[4:8])[0]
        yield frame[:4], start + 10, size
        start += 10 + size


def _within(file: BinaryIO, start: int, end: int, *path: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of a path of names within a box."""
    for name, begin, stop in _boxes(file, start, end):
        if name == path[0] and len(path) == 1:
            yield name, begin, stop
        elif name == path[0]:
            yield from _within(file, begin, stop, *path[1:])


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of the content of each box of an MP4 or MOV."""
    for _ in range(_MOST_CHUNKS):
        head = _read(file, start, 16)
        if len(head) < 8 or start + 8 > end:
            return
        [size], name, content = struct.unpack(">I", head[:4]), head[4:8], start + 8
        if size == 1 and len(head) == 16:
            [size], content = struct.unpack(">Q", head[8:]), start + 16
        stop = end if size == 0 else start + size
        if stop <= start:
            return
        yield name, content, min(stop, end)
        start = stop


def _read(file: BinaryIO, start: int, size: int) -> bytes:
    file.seek(start)
    return file.read(min(size, _MOST_BYTES))


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _syncsafe(four: bytes) -> int:
    size = 0
    for byte in four:
        size = size << 7 | byte & 0x7F
    return size


def _date_in(text: bytes) -> str | None:
    match = _DATE.match(text)
    try:
        return datetime.date(*(int(part) for part in match.groups())).isoformat() if match else None
    except ValueError:
        return None
