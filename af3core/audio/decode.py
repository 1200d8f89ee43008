"""One sequential pass of FFmpeg over a recording: 16 kHz mono, in bounded memory and time.

A file is never sought: windowed seeks in MP3 return samples tens of milliseconds early.
"""

from __future__ import annotations

import fcntl
import resource
import selectors
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from af3core.audio import SAMPLE_RATE_HZ, containers
from af3core.errors import ConfigurationError, DecodeFailed, DecodeStalled, TooLong

CHUNK_SAMPLES = 312 * 512
"""About 10 s, and whole frames of the speech detector."""
PIPE_BYTES = 1 << 20
STALL_TIMEOUT_S = 60.0
MEMORY_LIMIT_BYTES = 4 << 30
"""Address space of the decoder process: a hostile file cannot take the machine down."""

Pcm = npt.NDArray[np.int16]


@dataclass
class DecodeReport:
    """Filled while decoding: what came out, and what FFmpeg complained of."""

    sample_count: int = 0
    complaints: str = ""

    @property
    def duration_ms(self) -> int:
        return round(self.sample_count * 1000 / SAMPLE_RATE_HZ)


def ffmpeg_binary() -> str:
    """The FFmpeg program: the one that `imageio-ffmpeg` brings, or IMAGEIO_FFMPEG_EXE."""
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise ConfigurationError(
            "no FFmpeg program: install the package imageio-ffmpeg, or set IMAGEIO_FFMPEG_EXE"
        ) from error


def decode(
    path: Path, name: str, report: DecodeReport, limit_s: float, stream_index: int = 0
) -> Iterator[Pcm]:
    """Yield int16 chunks `[samples]` of CHUNK_SAMPLES (the last is shorter), 16 kHz mono.

    Channels are mixed to their mean. `report` is complete when the iterator ends.

    Raises:
        TooLong: more than `limit_s` seconds came out.
        DecodeStalled: the decoder gave nothing for a minute.
        DecodeFailed: nothing at all came out.
    """
    with tempfile.TemporaryFile() as complaints:
        process = _start(path, stream_index, complaints)
        try:
            for chunk in _chunks(process, name):
                report.sample_count += len(chunk)
                if report.sample_count > limit_s * SAMPLE_RATE_HZ:
                    raise TooLong(
                        f"{name}: longer than the limit of {limit_s / 3600:g} h;"
                        " raise --max-recording-h or split the recording"
                    )
                yield chunk
            process.wait()
        finally:
            process.kill()
            process.wait()
            complaints.seek(0)
            report.complaints = _summary(complaints.read(65_536).decode(errors="replace"), path)
    if not report.sample_count:
        raise DecodeFailed(
            f"{name}: no audio could be decoded"
            f" ({report.complaints or f'FFmpeg ended with {process.returncode}'})"
        )


def _start(path: Path, stream_index: int, complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    import ffmpeg

    source = ffmpeg.input(f"file:{path}", **containers.OPTIONS)
    arguments = (
        source[f"a:{stream_index}"]
        .output(
            "pipe:",
            format="s16le",
            acodec="pcm_s16le",
            ac=1,
            ar=SAMPLE_RATE_HZ,
            flush_packets=0,
        )
        .global_args("-nostdin", "-hide_banner", "-loglevel", "error", "-threads", "1")
        .compile(cmd=ffmpeg_binary())
    )
    process = subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints
    )
    if process.stdout is not None:
        # room for the decoder to run ahead while this process detects speech
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    return process


def _chunks(process: subprocess.Popen[bytes], name: str) -> Iterator[Pcm]:
    pipe = process.stdout
    if pipe is None:
        raise RuntimeError("the decoder was started without a pipe")
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        buffer = bytearray()
        while True:
            if not selector.select(STALL_TIMEOUT_S):
                raise DecodeStalled(
                    f"{name}: the decoder gave nothing for {STALL_TIMEOUT_S:g} s and was stopped"
                )
            data = pipe.read1(1 << 20)  # type: ignore[attr-defined]
            buffer += data
            while len(buffer) >= 2 * CHUNK_SAMPLES:
                yield np.frombuffer(bytes(buffer[: 2 * CHUNK_SAMPLES]), np.int16)
                del buffer[: 2 * CHUNK_SAMPLES]
            if not data:
                break
        if len(buffer) > 1:
            yield np.frombuffer(bytes(buffer[: len(buffer) // 2 * 2]), np.int16)


def _summary(text: str, path: Path) -> str:
    """The first complaint and how many more there were, without the local path."""
    lines = [line.strip() for line in text.replace(str(path), "…").splitlines() if line.strip()]
    if not lines:
        return ""
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return lines[0][:200] + more
