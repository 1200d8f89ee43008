"""MPEG audio by its frames: whether its length is declared, and which bytes are no frame.

ISO/IEC 11172-3 and 13818-3: a header of 4 bytes gives a frame's length. Xing, Info and VBRI are
frames that name how many follow.
"""

from __future__ import annotations

from pathlib import Path

from af3core.audio.mapped_file import mapped

_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""By version: 3 is MPEG-1, 2 MPEG-2, 0 MPEG-2.5."""
_KBITS_1 = {
    3: (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    2: (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_KBITS_2 = {
    3: (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_KBITS_2[1] = _KBITS_2[2]
"""By layer bits: 3 is layer I, 2 layer II, 1 layer III."""
_COUNTS = (b"Xing", b"Info", b"VBRI")
_COUNT_WITHIN = 64
_FIRST_FRAME_WITHIN = 65_536


def frame_bytes(header: bytes) -> int:
    """Length of the frame with this header of 4 bytes; 0 where it is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bits, rate = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or not layer or bits in (0, 15) or rate == 3:
        return 0
    kbits = (_KBITS_1 if version == 3 else _KBITS_2)[layer][bits - 1]
    rate_hz, padding = _RATES_HZ[version][rate], header[2] >> 1 & 1
    if layer == 3:
        return (12_000 * kbits // rate_hz + padding) * 4
    slots = 72_000 if layer == 1 and version != 3 else 144_000
    return slots * kbits // rate_hz + padding


def declares_length(path: Path) -> bool:
    """True where the first frame says how many follow it."""
    with path.open("rb") as file:
        begin = id3v2_bytes(file.read(10))
        file.seek(begin)
        head = file.read(_FIRST_FRAME_WITHIN)
    place = 0
    while (place := head.find(b"\xff", place)) >= 0:
        length = frame_bytes(head[place : place + 4])
        if length:
            return any(name in head[place : place + _COUNT_WITHIN] for name in _COUNTS)
        place += 1
    return False


def bytes_between_frames(path: Path, end: int) -> tuple[int, int]:
    """Bytes before `end` that belong to no frame and no ID3v2, and bytes of frames.

    A frame counts where another follows it, or the end does: bytes look like a header by chance.
    """
    strange = framed = 0
    with mapped(path) as file:
        data, place = file.data, 0
        while place < end:
            file.release(place)
            if tag := id3v2_bytes(data[place : place + 10]):
                place += tag
                continue
            length = frame_bytes(data[place : place + 4])
            behind = place + length
            if length and (behind >= end or frame_bytes(data[behind : behind + 4])):
                framed += min(behind, end) - place
                place = behind
            else:
                found = data.find(b"\xff", place + 1, end)
                found = end if found < 0 else found
                strange += found - place
                place = found
    return strange, framed


def id3v2_bytes(head: bytes) -> int:
    """Length of the ID3v2 tag that begins with these 10 bytes; 0 where none does (id3.org)."""
    if len(head) < 10 or head[:3] != b"ID3" or not 2 <= head[3] <= 4 or head[4] == 0xFF:
        return 0
    if any(byte & 0x80 for byte in head[6:10]):
        return 0
    size = sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    return size + 10 + (10 if head[5] & 0x10 else 0)
