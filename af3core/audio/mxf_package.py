"""Which package an OP-Atom file belongs to: MXF of one essence track, its programme in many files.

The header partition is read alone: the partition pack, and of the header metadata's sets the
material package and the descriptors (SMPTE ST 377-1, 7 to 9 and annexes; ST 390, OP-Atom).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_PACK = bytes.fromhex("060e2b34020501010d01020101")
_SET = bytes.fromhex("060e2b34025301010d01010101")
_HEADER_PARTITION = 2
_PATTERN_AT, _PATTERN_BYTES = 64, 16
_ITEMS_AT, _ATOM = 12, 0x10
_MATERIAL_PACKAGE, _SOURCE_PACKAGE = 0x36, 0x37
_SOUND = (0x42, 0x47, 0x48)
"""Generic sound, AES3 and wave audio descriptors."""
_UMID_TAG, _UMID_BYTES = 0x4401, 32
_MOST_BYTES = 1 << 20
"""Of header metadata that is looked at; Avid's takes some 100 KB."""


@dataclass(frozen=True)
class AtomFile:
    """What an OP-Atom file says of itself.

    Attributes:
        package: the material package's UMID, in hexadecimal: equal in all files of a programme.
        has_sound: its essence is sound; else a picture or data.
        sources: UMIDs of its source packages: equal in two files that hold the same track.
    """

    package: str
    has_sound: bool
    sources: tuple[str, ...] = ()


def read_atom(file: BinaryIO) -> AtomFile | None:
    """The package of an OP-Atom file; None of what is none, or names no package.

    Args:
        file: at its start.

    Raises:
        OSError: it cannot be read.
    """
    data = file.read(_MOST_BYTES)
    package, has_sound, sources = "", False, []
    for number, (key, value) in enumerate(_triplets(data)):
        if number == 0 and not _is_atom(key, value):
            return None
        if key[:13] != _SET:
            continue
        if key[14] == _MATERIAL_PACKAGE:
            package = _umid(value)
        if key[14] == _SOURCE_PACKAGE:
            sources.append(_umid(value))
        has_sound = has_sound or key[14] in _SOUND
    return AtomFile(package, has_sound, tuple(sorted(sources))) if package else None


def _is_atom(key: bytes, value: bytes) -> bool:
    is_header = key[:13] == _PACK and key[13] == _HEADER_PARTITION
    pattern = value[_PATTERN_AT : _PATTERN_AT + _PATTERN_BYTES]
    return is_header and len(pattern) == _PATTERN_BYTES and pattern[_ITEMS_AT] == _ATOM


def _triplets(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values (KLV, SMPTE ST 336) until data ends."""
    place = 0
    while place + 17 <= len(data):
        key, length = data[place : place + 16], data[place + 16]
        place += 17
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[place : place + count], "big")
            place += count
        yield key, data[place : place + length]
        place += length


def _umid(package: bytes) -> str:
    """The package's identifier, of a set with local tags of two bytes and lengths of two."""
    place = 0
    while place + 4 <= len(package):
        tag, length = struct.unpack_from(">HH", package, place)
        value = package[place + 4 : place + 4 + length]
        if tag == _UMID_TAG and len(value) == _UMID_BYTES:
            return value.hex()
        place += 4 + length
    return ""
