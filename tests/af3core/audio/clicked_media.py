"""Media with clicks at known seconds, made by FFmpeg and by a few crafted bytes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.media import ffmpeg

RATE_HZ = 48_000
CLICKS_S = (1.0, 2.5, 4.0)
LENGTH_S = 6
PICTURE = ("-f", "lavfi", "-i", f"testsrc=size=64x64:rate=25:duration={LENGTH_S}")
GAP_AT_S, GAP_S = 3, 10
LATE_S = 4


def leap(seconds: float) -> str:
    """FFmpeg's filter of packets: from the third second on, all times are so much later."""
    return "setts=" + ":".join(
        f"{stamp}='if(gte({name}*TB,{GAP_AT_S}),{name}+({seconds})/TB,{name})'"
        for stamp, name in (("pts", "PTS"), ("dts", "DTS"))
    )


@functools.cache
def clicks(rate_hz: int = RATE_HZ, channels: int = 1) -> bytes:
    """WAV of six seconds: a soft tone, and three clicks of 10 ms at 2.4 kHz."""
    seconds = np.arange(LENGTH_S * rate_hz) / rate_hz
    sound = 0.02 * np.sin(2 * np.pi * 300 * seconds)
    beep = 0.6 * np.sin(2 * np.pi * 2400 * np.arange(rate_hz // 100) / rate_hz)
    for click in CLICKS_S:
        start = round(click * rate_hz)
        sound[start : start + len(beep)] += beep
    samples = np.repeat((sound * 32767).astype("<i2")[:, None], channels, axis=1).tobytes()
    return wav_header(len(samples), rate_hz, channels) + samples


def wav_header(data_bytes: int, rate_hz: int, channels: int = 1, bits: int = 16) -> bytes:
    """RIFF with 16-bit PCM, or 8-bit."""
    block = channels * bits // 8
    numbers = [(16, 4), (1, 2), (channels, 2), (rate_hz, 4), (rate_hz * block, 4), (block, 2)]
    format_chunk = b"".join(number.to_bytes(size, "little") for number, size in numbers)
    data = b"data" + data_bytes.to_bytes(4, "little")
    riff = b"WAVEfmt " + format_chunk + bits.to_bytes(2, "little") + data
    return b"RIFF" + (len(riff) + data_bytes).to_bytes(4, "little") + riff


def encoded(path: Path, *options: str, rate_hz: int = RATE_HZ, channels: int = 1) -> Path:
    """The clicks as they are, encoded by the path's suffix and FFmpeg's options."""
    ffmpeg("-f", "wav", "-i", "pipe:", *options, str(path), stdin=clicks(rate_hz, channels))
    return path


def late(path: Path, *options: str) -> Path:
    """A picture from the start, and the clicks four seconds later."""
    sound = ("-itsoffset", str(LATE_S), "-f", "wav", "-i", "pipe:")
    ffmpeg(*PICTURE, *sound, "-map", "0", "-map", "1", *options, str(path), stdin=clicks())
    return path


def with_gap(path: Path, *options: str) -> Path:
    """The clicks, with ten seconds between the second and the third that no packet presents."""
    return encoded(path, *options, "-bsf:a", leap(GAP_S))


def cut(path: Path, share: float) -> Path:
    """The first bytes of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def changed(path: Path, change: Callable[[bytearray], None]) -> Path:
    """A file with some bytes changed."""
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)
    return path


def chained(path: Path, *links: Path) -> Path:
    """Files one after another."""
    path.write_bytes(b"".join(link.read_bytes() for link in links))
    return path


def start_late_in_avi(data: bytearray, blocks: int) -> None:
    """Set `dwStart` of the audio stream's header: in units of its rate."""
    header = data.index(b"strh", data.index(b"strh") + 4)
    if data[header + 8 : header + 12] != b"auds":
        raise ValueError("the second stream is no sound")
    start = header + 8 + 28
    data[start : start + 4] = blocks.to_bytes(4, "little")


def lyrics3(text: bytes = b"la la la " * 60) -> bytes:
    """A Lyrics3 v2 tag with ID3v1 behind it, as players of 1998 wrote them."""
    field = b"LYR" + b"%05d" % len(text) + text
    body = b"LYRICSBEGIN" + b"IND0000200" + field
    return body + b"%06d" % len(body) + b"LYRICS200" + b"TAG" + bytes(125)
