"""Media that FFmpeg has no encoder for, a few hundred bytes each, made by their specifications."""

from __future__ import annotations

import struct

DSD_RATE_HZ = 2_822_400
DSD_SILENCE = b"\x69"
"""Half of the bits set: the level of nothing."""


def dsf(seconds: float) -> bytes:
    """A DSF file (Sony, DSF File Format Specification 1.01) of silence, mono."""
    count = int(DSD_RATE_HZ * seconds / 8) // 4096 * 4096
    data = DSD_SILENCE * count
    fmt = struct.pack("<IIIIIIQII", 1, 0, 1, 1, DSD_RATE_HZ, 1, 8 * count, 4096, 0)
    chunks = b"fmt " + struct.pack("<Q", 12 + len(fmt)) + fmt
    chunks += b"data" + struct.pack("<Q", 12 + len(data)) + data
    return b"DSD " + struct.pack("<QQQ", 28, 28 + len(chunks), 0) + chunks


def dsdiff(seconds: float) -> bytes:
    """A DSDIFF file (Philips, DSDIFF 1.5) of silence, mono."""
    data = DSD_SILENCE * int(DSD_RATE_HZ * seconds / 8)
    sound = b"SND " + _chunk(b"FS  ", struct.pack(">I", DSD_RATE_HZ))
    sound += _chunk(b"CHNL", struct.pack(">H", 1) + b"C000")
    sound += _chunk(b"CMPR", b"DSD \x0enot compressed\0")
    chunks = _chunk(b"FVER", b"\x01\x05\0\0") + _chunk(b"PROP", sound) + _chunk(b"DSD ", data)
    return _chunk(b"FRM8", b"DSD " + chunks)


def tak_header() -> bytes:
    """The start of a TAK file: stream information of 44.1 kHz stereo, 16 bits, 10 s."""
    fields = ((2, 6), (0, 4), (4, 4), (441_000, 35), (0, 3), (44_100 - 6000, 18), (8, 5), (1, 4))
    bits = position = 0
    for value, width in fields:
        bits |= value << position
        position += width
    content = bits.to_bytes(10, "little") + b"\0\0\0"
    return b"tBaK\x01" + struct.pack("<I", len(content))[:3] + content + b"\0\0\0\0" + bytes(512)


def musepack_7_header() -> bytes:
    """The start of a Musepack file, stream version 7: 383 frames of 44.1 kHz stereo."""
    return b"MP+\x07" + struct.pack("<I", 383) + bytes(16) + bytes(512)


def musepack_8_header() -> bytes:
    """The start of a Musepack file, stream version 8: 44.1 kHz stereo, 441,000 samples."""
    fields = b"\x12\x34\x56\x78" + b"\x08" + b"\x9a\xf5\x28" + b"\x00" + b"\x1f" + b"\x10"
    return b"MPCK" + b"SH" + bytes([3 + len(fields)]) + fields + b"SE\x03"


def speex(packets: int) -> bytes:
    """Ogg Speex (RFC 5574; Speex manual, 6.2) of empty narrow-band frames of 20 ms."""
    header = b"Speex   " + b"1.2".ljust(20, b"\0")
    header += struct.pack("<13i", 1, 80, 8000, 0, 4, 1, -1, 160, 0, 1, 0, 0, 0)
    comment = struct.pack("<I", 4) + b"none" + struct.pack("<I", 0)
    pages = _page(header, 0, 0, 2) + _page(comment, 1, 0, 0)
    for number in range(packets):
        # no sub-band, sub-mode 0, then the terminator
        last = 4 if number == packets - 1 else 0
        pages += _page(b"\x03\xc0", number + 2, 160 * (number + 1), last)
    return pages


def xmp(fields: str) -> bytes:
    """An XMP packet with attributes of its description."""
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
        f' rdf:about="" {fields}/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack(">Q", len(data)) + data + b"\0" * (len(data) % 2)


def _page(packet: bytes, number: int, granule: int, kind: int) -> bytes:
    head = struct.pack("<4sBBqIII", b"OggS", 0, kind, granule, 7, number, 0)
    page = head + bytes([1, len(packet)]) + packet
    return page[:22] + struct.pack("<I", _crc(page)) + page[26:]


def _crc(data: bytes) -> int:
    """Ogg's checksum (RFC 3533, 6): CRC-32 with 0x04c11db7, neither reflected nor inverted."""
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc >> 31 else 0)) & 0xFFFFFFFF
    return crc
