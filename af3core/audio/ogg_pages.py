"""An Ogg file by its pages: the recordings that are chained in it, and what is missing of them.

RFC 3533: a page has a serial number, a sequence number, a granule position, and marks for the first
and the last of a logical stream; a chain is one physical stream after another.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

from af3core.audio.mapped_file import MappedFile, mapped

_CAPTURE = b"OggS"
_HEADER = struct.Struct("<4sBBqIIIB")
_FIRST, _LAST = 2, 4
_NO_GRANULE = -1
_OPUS_RATE_HZ = 48_000
LINKS = 1000
"""Links that are told apart; what comes after belongs to the last."""


@dataclass
class LogicalStream:
    """One track of a link; `rate_hz` counts its granules, 0 where it is no known audio."""

    rate_hz: int
    skipped_samples: int = 0
    last_page: int = -1
    last_granule: int = 0
    is_ended: bool = False


@dataclass
class OggLink:
    """One physical stream of a chain: its bytes, and its tracks by serial number."""

    start: int
    end: int = 0
    streams: dict[int, LogicalStream] = field(default_factory=dict)

    @property
    def audio(self) -> list[LogicalStream]:
        return [stream for stream in self.streams.values() if stream.rate_hz]

    @property
    def declared_ms(self) -> int | None:
        """Its length by the last granule of its first audio track; None where none counts."""
        for stream in self.audio:
            samples = stream.last_granule - stream.skipped_samples
            return round(samples * 1000 / stream.rate_hz) if samples > 0 else None
        return None


@dataclass
class OggFile:
    """What a walk over all pages found.

    Attributes:
        lost_pages: numbers that are missing between two pages of a track.
        missing_bytes: what the last page announces beyond the end of the file.
        strange_bytes: between pages.
    """

    links: list[OggLink] = field(default_factory=list)
    lost_pages: int = 0
    missing_bytes: int = 0
    strange_bytes: int = 0

    @property
    def unended_links(self) -> int:
        """Links of which an audio track lacks its last page."""
        return sum(any(not stream.is_ended for stream in link.audio) for link in self.links)

    @property
    def declared_ms(self) -> int | None:
        """The length of all links by their granules."""
        lengths = [link.declared_ms for link in self.links]
        known = [length for length in lengths if length is not None]
        return sum(known) if known and len(known) == len(lengths) else None


def read_ogg(path: Path) -> OggFile | None:
    """Walk over the pages; None where the file begins with none."""
    with path.open("rb") as file:
        if file.read(4) != _CAPTURE:
            return None
    with mapped(path) as whole:
        return _walk(whole)


def _walk(file: MappedFile) -> OggFile:
    data = file.data
    found = OggFile()
    was_first = False
    position, size = 0, len(data)
    while position + _HEADER.size <= size:
        capture, version, kind, granule, serial, page, _, count = _HEADER.unpack_from(
            data, position
        )
        if capture != _CAPTURE or version:
            begin = data.find(_CAPTURE, position + 1)
            begin = size if begin < 0 else begin
            found.strange_bytes += begin - position
            position = begin
            continue
        body = position + _HEADER.size + count
        end = body + sum(data[position + _HEADER.size : body])
        is_first = bool(kind & _FIRST)
        if is_first and not was_first and (len(found.links) < LINKS):
            if found.links:
                found.links[-1].end = position
            found.links.append(OggLink(position))
        was_first = is_first
        if end > size:
            found.missing_bytes = end - size
            break
        if found.links:
            _add_page(found, serial, page, granule, kind, data[body : min(end, body + 64)])
        position = end
        file.release(position)
    else:
        found.missing_bytes = 1 if size > position else 0
    if found.links:
        found.links[-1].end = size
    return found


def _add_page(found: OggFile, serial: int, page: int, granule: int, kind: int, head: bytes) -> None:
    streams = found.links[-1].streams
    if kind & _FIRST or serial not in streams:
        streams[serial] = _stream_of(head) if kind & _FIRST else LogicalStream(0)
    stream = streams[serial]
    if stream.last_page >= 0 and page > stream.last_page + 1:
        found.lost_pages += page - stream.last_page - 1
    stream.last_page = page
    if granule != _NO_GRANULE:
        stream.last_granule = max(stream.last_granule, granule)
    stream.is_ended |= bool(kind & _LAST)


def _stream_of(head: bytes) -> LogicalStream:
    """A track by its first packet: how its granules count."""
    if head.startswith(b"\x01vorbis") and len(head) >= 16:
        return LogicalStream(struct.unpack_from("<I", head, 12)[0])
    if head.startswith(b"OpusHead") and len(head) >= 12:
        return LogicalStream(_OPUS_RATE_HZ, struct.unpack_from("<H", head, 10)[0])
    if head.startswith(b"\x7fFLAC") and len(head) >= 30:
        return LogicalStream(int.from_bytes(head[27:30], "big") >> 4)
    if head.startswith(b"Speex   ") and len(head) >= 40:
        return LogicalStream(struct.unpack_from("<I", head, 36)[0])
    return LogicalStream(0)
