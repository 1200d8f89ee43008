"""One sequential pass of FFmpeg over a recording: 16 kHz on the player's clock, in bounded memory
and time.

Channels come as they are, and are mixed here (`channel_mix`): FFmpeg would mix by a layout that it
guesses, which loses channels of a recording with a microphone on each.


A file is never sought: windowed seeks in MP3 return samples tens of milliseconds early.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import selectors
import signal
import struct
import subprocess
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from af3core.audio import SAMPLE_RATE_HZ, containers
from af3core.audio.channel_mix import (
    BLOCK_SAMPLES,
    CHUNK_SAMPLES,
    Block,
    ClipMix,
    MixReport,
    Pcm,
    mix,
)
from af3core.audio.decoder_log import NOTES, DecoderLog
from af3core.audio.ffmpeg_program import ffmpeg_binary
from af3core.audio.media_parts import MediaPart, media_parts
from af3core.audio.timeline import Clock, Step, Timeline, Zero
from af3core.errors import (
    ConfigurationError,
    DecodeFailed,
    DecoderCrashed,
    DecoderKilled,
    DecodeStalled,
    TooLong,
)

PIPE_BYTES = 1 << 20
STALL_TIMEOUT_S = 60.0
_READ_BYTES = 1 << 18
_LOOK_EVERY_S = 0.25
"""How long samples are waited for before the frames' times are read, so that neither pipe fills."""
MEMORY_LIMIT_BYTES = 4 << 30
"""Address space of the decoder process: a hostile file cannot take the machine down."""

_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
_ENDED_BY_SIGNAL = 255
"""FFmpeg's exit code where it took SIGTERM or SIGINT and closed its output in good order."""
_SAMPLE_BYTES = 2

__all__ = ["CHUNK_SAMPLES", "Block", "DecodeReport", "Pcm", "decode", "decode_whole", "hear"]


@dataclass
class DecodeReport:
    """Filled while decoding: what came out, where it stands in time, and what FFmpeg said.

    Attributes:
        sample_count: with the silence that late starts and gaps became.
        clock: how the frames were placed.
        logs: FFmpeg's words, one log for each part of a chained file.
        exit_codes: FFmpeg's, where it was not 0.
        decodings: where several were merged: each by itself.
    """

    sample_count: int = 0
    clock: Clock = field(default_factory=Clock)
    logs: list[DecoderLog] = field(default_factory=list)
    exit_codes: list[int] = field(default_factory=list)
    decodings: list[DecodeReport] = field(default_factory=list)

    @property
    def duration_ms(self) -> int:
        return round(self.sample_count * 1000 / SAMPLE_RATE_HZ)

    @property
    def complaints(self) -> str:
        """The first of FFmpeg's errors and how many more; empty where it found nothing wrong."""
        said = [log.summary for log in self.logs if log.summary]
        if said:
            return said[0]
        return f"FFmpeg ended with {self.exit_codes[0]}" if self.exit_codes else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """FFmpeg's different errors, how often each was said, and how the clock was followed."""
        said: dict[str, int] = {}
        for log in self.logs:
            for words, times in log.notes.items():
                said[words] = said.get(words, 0) + times
        lines = [
            f"{words} ({times} times)" if times > 1 else words for words, times in said.items()
        ]
        return tuple(lines[:NOTES]) + self.clock.notes

    @property
    def is_machine_suspect(self) -> bool:
        """FFmpeg named an error that a disk or a mount gives, and broken data at times too."""
        return any(log.is_machine_suspect for log in self.logs)


def decode(
    path: Path,
    name: str,
    report: DecodeReport,
    limit_s: float,
    stream_index: int = 0,
    probe_further: bool = False,
) -> Iterator[Pcm]:
    """Yield int16 chunks `[samples]` of CHUNK_SAMPLES (the last is shorter), 16 kHz mono.

    All channels are heard, two as their mean; of three or more each chunk has its own gain.
    `report` is complete when the iterator ends. Raises as `hear`.
    """
    blocks = hear(path, name, report, limit_s, stream_index, probe_further=probe_further)
    return (chunk.samples for chunk in mix(blocks, MixReport()))


def decode_whole(path: Path, name: str, limit_s: float, channel: int | None = None) -> Pcm:
    """A short recording at once, int16 `[samples]`, 16 kHz mono, at one gain: of all channels, or
    of one. Raises as `hear`.
    """
    blocks = hear(path, name, DecodeReport(), limit_s, channel=channel)
    chunks = list(mix(blocks, MixReport()))
    whole = ClipMix(sum(len(chunk.samples) for chunk in chunks))
    for chunk in chunks:
        whole.add(chunk)
    return whole.take(whole.filled)


def hear(
    path: Path,
    name: str,
    report: DecodeReport,
    limit_s: float,
    stream_index: int = 0,
    channel: int | None = None,
    probe_further: bool = False,
) -> Generator[Block]:
    """Yield int16 blocks `[samples, channels]` at 16 kHz, with the channels that the track has.

    Blocks have CHUNK_SAMPLES of one channel, BLOCK_SAMPLES of more; the last is shorter. `report`
    is complete when the iterator ends.

    Args:
        stream_index: which audio track.
        channel: gives this channel alone; the others then cost next to nothing.
        probe_further: look for sound that begins late (`MediaInfo.probed_further`).

    Raises:
        TooLong: more than `limit_s` seconds came out.
        DecodeStalled: the decoder gave nothing for a minute.
        DecoderKilled: a signal from outside ended it, so that the rest is missing.
        DecoderCrashed: it ended by a fault of its own, or for want of the memory that it may take.
        DecodeFailed: nothing at all came out.
    """
    wanted = _Wanted(stream_index, channel, probe_further)
    for block in _blocks(_pieces(path, name, report, wanted)):
        report.sample_count += len(block)
        if report.sample_count > limit_s * SAMPLE_RATE_HZ:
            raise TooLong(
                f"{name}: longer than the limit of {limit_s / 3600:g} h;"
                " raise --max-recording-h or split the recording"
            )
        yield block
    if not report.clock.heard_samples:
        raise DecodeFailed(
            f"{name}: no audio could be decoded ({report.complaints or 'FFmpeg gave none'})"
        )


def _blocks(pieces: Iterator[Block]) -> Iterator[Block]:
    """The same samples in blocks of one length."""
    block, filled = np.empty((0, 0), np.int16), 0
    for piece in pieces:
        if not len(block):
            channels = piece.shape[1]
            block = np.empty(
                (CHUNK_SAMPLES if channels == 1 else BLOCK_SAMPLES, channels), np.int16
            )
        while len(piece):
            used = piece[: len(block) - filled]
            block[filled : filled + len(used)] = used
            filled += len(used)
            piece = piece[len(used) :]
            if filled == len(block):
                yield block
                block, filled = np.empty_like(block), 0
    if filled:
        yield block[:filled]


@dataclass(frozen=True)
class _Wanted:
    """What of a file is decoded, as `hear` says."""

    stream_index: int
    channel: int | None
    probe_further: bool


def _pieces(path: Path, name: str, report: DecodeReport, wanted: _Wanted) -> Iterator[Block]:
    """Samples on the player's clock, of all parts of a file one after another; of as many channels
    as the first part has.
    """
    placed = channels = 0
    for part in media_parts(path):
        timeline = Timeline(report.clock, placed)
        log = DecoderLog(str(path))
        report.logs.append(log)
        process, times = _start(part, wanted, channels)
        output = _Output(process, times, name)
        for piece in _decode_part(output, process, log, report, timeline):
            placed, channels = placed + len(piece), piece.shape[1]
            yield piece


def _decode_part(
    output: _Output,
    process: subprocess.Popen[bytes],
    log: DecoderLog,
    report: DecodeReport,
    timeline: Timeline,
) -> Iterator[Block]:
    """What one FFmpeg gives; it is gone at the end."""
    reader = threading.Thread(target=log.read, args=(process.stderr,), daemon=True)
    try:
        reader.start()
        yield from _placed(output, log, timeline)
        exit_code = process.wait()
    finally:
        process.kill()
        process.wait()
        # closed first: what a script in its place has started ends by it, and lets go of stderr
        output.close()
        if reader.ident is not None:  # the machine had a thread for it
            reader.join(STALL_TIMEOUT_S)
        if process.stderr is not None and not reader.is_alive():
            process.stderr.close()
    _check_exit_code(exit_code, log, output.name)
    if exit_code:
        report.exit_codes.append(exit_code)


def _check_exit_code(exit_code: int, log: DecoderLog, name: str) -> None:
    """Raise where the decoder was stopped before the end, whatever came out before."""
    if exit_code == _ENDED_BY_SIGNAL:
        raise DecoderKilled(f"{name}: the decoder was told to end by a signal; run segment again")
    if exit_code < 0 and -exit_code in _CRASHES:
        raise DecoderCrashed(f"{name}: the decoder crashed ({signal.strsignal(-exit_code)})")
    if exit_code < 0:
        raise DecoderKilled(
            f"{name}: the decoder was killed ({signal.strsignal(-exit_code)}), as for want of"
            " memory; run segment again"
        )
    if log.is_out_of_memory:
        raise DecoderCrashed(
            f"{name}: the decoder wanted more than {MEMORY_LIMIT_BYTES >> 30} GiB of memory"
        )
    if exit_code and log.is_too_old:
        raise ConfigurationError(
            f"{ffmpeg_binary()}: FFmpeg before 6.0, which does not tell the times of frames;"
            " unset IMAGEIO_FFMPEG_EXE, or name a newer one"
        )


def _start(
    part: MediaPart, wanted: _Wanted, channels: int
) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    """FFmpeg, and the pipe with a line for each frame: presentation time and samples at 16 kHz.

    Args:
        channels: how many to make of them, as the part before had; 0 takes those that there are.
    """
    import ffmpeg

    further = containers.FURTHER if wanted.probe_further else {}
    source = ffmpeg.input(part.address, copyts=None, **part.options, **further)
    chosen = {}
    if wanted.channel is not None:
        chosen["af"] = f"pan=mono|c0=c{wanted.channel}"
    elif channels:
        chosen["ac"] = str(channels)
    read_end, write_end = os.pipe()
    try:
        arguments = (
            source[f"a:{wanted.stream_index}"]
            .output(
                "pipe:",
                # its header says how many channels come out: the container may say another number
                format="wav",
                acodec="pcm_s16le",
                ar=SAMPLE_RATE_HZ,
                flush_packets=0,
                fflags="+bitexact",  # no name of the program in the header
                **{
                    "stats_enc_pre:a": f"pipe:{write_end}",
                    "stats_enc_pre_fmt:a": "{pts} {samp}",
                },
                **chosen,
            )
            .global_args("-nostdin", "-hide_banner", "-nostats", "-threads", "1")
            .global_args("-loglevel", "repeat+level+info")
            .compile(cmd=ffmpeg_binary())
        )
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(write_end,),
        )
    except BaseException:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    os.set_blocking(read_end, False)
    for pipe in (process.stdout, read_end):
        if pipe is not None:
            # room for the decoder to run ahead while this process detects speech
            with contextlib.suppress(PermissionError):  # beyond the user's pipe-user-pages-soft
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    return process, os.fdopen(read_end, "rb", buffering=0)


class _Output:
    """The decoder's two pipes, read without letting either fill."""

    def __init__(self, process: subprocess.Popen[bytes], times: IO[bytes], name: str) -> None:
        if process.stdout is None:
            raise RuntimeError("the decoder was started without a pipe")
        self._samples, self._times, self.name = process.stdout, times, name
        self._line = b""

    def read(self) -> Iterator[tuple[bytes, npt.NDArray[np.int64]]]:
        """Bytes of samples with `[frames, 2]`, the times and counts of at least their frames.

        Raises:
            DecodeStalled: nothing came for a minute.
        """
        last_news = time.monotonic()
        waiting = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._samples, selectors.EVENT_READ)
            while True:
                is_ready = bool(selector.select(_LOOK_EVERY_S))
                data = self._samples.read1(_READ_BYTES) if is_ready else b""  # type: ignore[attr-defined]
                waiting += data
                if data and len(waiting) < _READ_BYTES:
                    continue  # FFmpeg gives a second at a time
                frames = self._frames()
                if waiting or len(frames):
                    last_news = time.monotonic()
                    yield bytes(waiting), frames
                    waiting.clear()
                if is_ready and not data:
                    return
                if not is_ready and time.monotonic() - last_news > STALL_TIMEOUT_S:
                    raise DecodeStalled(
                        f"{self.name}: the decoder gave nothing for {STALL_TIMEOUT_S:g} s and was"
                        " stopped"
                    )

    def close(self) -> None:
        """Close both pipes."""
        self._times.close()
        self._samples.close()

    def _frames(self) -> npt.NDArray[np.int64]:
        """The lines that are there now."""
        read = [self._line]
        while data := self._times.read(PIPE_BYTES):
            read.append(data)
        whole, newline, self._line = b"".join(read).rpartition(b"\n")
        numbers = np.fromstring((whole + newline).decode(), np.int64, sep=" ")
        return numbers[: len(numbers) // 2 * 2].reshape(-1, 2)


def _header(data: bytearray) -> tuple[int, int] | None:
    """Channels of a stream of WAV and the length of its header; None until it is there whole."""
    channels, place = 0, 12
    while len(data) >= place + 8:
        kind, size = struct.unpack_from("<4sI", data, place)
        if kind == b"data":
            return channels, place + 8
        if kind == b"fmt " and len(data) >= place + 12:
            (channels,) = struct.unpack_from("<H", data, place + 10)
        place += 8 + size + size % 2
    return None


def _placed(output: _Output, log: DecoderLog, timeline: Timeline) -> Iterator[Block]:
    """What the decoder gives, on the player's clock."""
    waiting = bytearray()
    steps: deque[Step] = deque()
    channels = 0
    for data, frames in output.read():
        if timeline.zero is None:
            timeline.zero = _zero(log)
        waiting += data
        steps += timeline.feed(frames[:, 0], frames[:, 1])
        if not channels and (header := _header(waiting)):
            channels, length = header
            del waiting[:length]
        if channels:
            yield from _apply(steps, waiting, channels)
    steps += timeline.finish()
    if channels:
        yield from _apply(steps, waiting, channels)


def _zero(log: DecoderLog) -> Zero:
    """The file's start, which FFmpeg tells before it decodes."""
    log.is_input_told.wait(STALL_TIMEOUT_S)
    zero_s = log.zero_s
    return Zero(None if zero_s is None else round(zero_s * SAMPLE_RATE_HZ), log.has_times)


def _apply(steps: deque[Step], waiting: bytearray, channels: int) -> Iterator[Block]:
    """Do the steps whose samples are there."""
    sample_bytes = _SAMPLE_BYTES * channels
    while steps:
        step = steps.popleft()
        if step.kind == "fill":
            for start in range(0, step.samples, BLOCK_SAMPLES):
                yield np.zeros((min(BLOCK_SAMPLES, step.samples - start), channels), np.int16)
            continue
        there = min(step.samples, len(waiting) // sample_bytes)
        if there and step.kind == "copy":
            samples = np.frombuffer(waiting[: there * sample_bytes], np.int16)
            yield samples.reshape(-1, channels)
        del waiting[: there * sample_bytes]
        if there < step.samples:
            steps.appendleft(Step(step.kind, step.samples - there))
            return
