"""Which sound a file holds, whatever its name, its tags and its container.

A hash of what the decoder gets: codec, its set-up and the payload of the packets, and when they are
due. Decoded samples would differ between processors.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from af3core.audio.open_media import open_media
from af3core.audio.recording_parts import files_of
from schemas.identity import canonical_json

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.stream import Stream

SOUND_VERSION = 1
"""Counts up where the hash changes: what was heard before is then not found by it."""
_STEP_MS = 100
"""Times are compared in such steps: containers round them, and tell encoder delay this or that
way."""


def sound_sha256(path: Path, further: bool = False) -> str:
    """SHA-256 of all audio tracks of a file: codec, set-up, payload, late starts and gaps.

    Equal where the same packets stand in another container, or under other tags. Empty where the
    packets cannot be read to their end.

    Args:
        path: of this machine; a folder is a recording of several files (`recording_parts`).
        further: as of `open_media`.
    """
    import av.error

    if path.is_dir():
        sounds = [sound_sha256(file, further) for file in files_of(path)]
        return hashlib.sha256(canonical_json(sounds).encode()).hexdigest() if all(sounds) else ""
    try:
        with open_media(path, further) as media:
            start_ms = (media.start_time or 0) / 1000
            streams = media.streams.audio
            several = len(streams) > 1
            tracks = {s.index: _Track(_set_up(s, several), start_ms) for s in streams}
            for packet in media.demux(*streams):
                track = tracks.get(packet.stream_index)
                if packet.size and track:  # the end is of no track; others may come on the way
                    track.take(packet)
    except (av.error.FFmpegError, ValueError, OSError, IndexError):
        return ""
    digest = hashlib.sha256(b"%d" % SOUND_VERSION)
    for _, track in sorted(tracks.items()):
        digest.update(canonical_json(track.facts()).encode())
    return digest.hexdigest()


@dataclass
class _Track:
    set_up: list[Any]
    start_ms: float
    payload: Any = field(default_factory=hashlib.sha256)
    times: list[tuple[int, int]] = field(default_factory=list)
    due_ms: float | None = None

    def take(self, packet: Packet[Stream]) -> None:
        self.payload.update(memoryview(packet))
        if packet.pts is None or packet.time_base is None:
            return
        at_ms = float(packet.pts * packet.time_base) * 1000 - self.start_ms
        expected_ms = 0.0 if self.due_ms is None else self.due_ms
        if abs(at_ms - expected_ms) >= _STEP_MS:
            steps = (round(expected_ms / _STEP_MS), round((at_ms - expected_ms) / _STEP_MS))
            self.times.append(steps)
        self.due_ms = at_ms + float((packet.duration or 0) * packet.time_base) * 1000

    def facts(self) -> list[Any]:
        return [self.set_up, self.payload.hexdigest(), self.times]


def _set_up(stream: AudioStream, is_one_of_several: bool) -> list[Any]:
    context = stream.codec_context
    if context is None:
        return []
    codec = context.codec.canonical_name
    extradata = context.extradata or b""
    if codec == "vorbis":
        extradata = _without_comment(extradata)
    return [
        codec,
        hashlib.sha256(extradata).hexdigest(),
        context.sample_rate,
        context.channels,
        *(_choice(stream) if is_one_of_several else ()),
    ]


def _choice(stream: AudioStream) -> tuple[bool, str]:
    """By which one of several tracks is chosen; of a single one containers say this or that."""
    language = stream.metadata.get("language", "")
    is_default = bool(stream.disposition & stream.disposition.default)
    return is_default, "" if language == "und" else language


def _without_comment(extradata: bytes) -> bytes:
    """Vorbis's set-up without its second header, which holds the tags (Xiph lacing)."""
    sizes, at = [], 1
    if extradata[:1] != b"\2":
        return extradata
    for _ in range(2):
        size = 0
        while at < len(extradata) and extradata[at] == 255:
            size, at = size + 255, at + 1
        if at >= len(extradata):
            return extradata
        sizes.append(size + extradata[at])
        at += 1
    first, comment = sizes
    return extradata[at : at + first] + extradata[at + first + comment :]
