"""Decoding, segmentation and measures on an hour of MP3, one core.

Peer: librosa's `load` and silero-vad's own `get_speech_timestamps`, what a notebook would do.
Floor: FFmpeg decoding to nowhere, which no Python can beat. Wanted: 300x real time per core.
"""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from af3core.audio.clip_stream import cut_recording
from af3core.audio.cut_points import Segmentation
from af3core.audio.decode import DecodeReport, decode
from af3core.audio.ffmpeg_program import ffmpeg_binary
from tests.benchmarks.report import header, line
from tests.media import ffmpeg, programme, write

HOUR_S = 3600


def main() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    header("decode and cut, an hour of MP3 (44.1 kHz stereo, 96 kbit/s)", "librosa", "silero-vad")
    with tempfile.TemporaryDirectory() as folder:
        hour = hour_of_mp3(Path(folder))
        for name, run in (
            ("floor: FFmpeg to nowhere", ffmpeg_alone),
            ("ours: decode", ours_decode),
            ("ours: decode, cut, measure", ours),
            ("peer: librosa.load", librosa_load),
            ("peer: librosa.load, silero-vad", librosa_and_silero),
        ):
            wall_s, cpu_s = timed(run, hour)
            line(name, f"{HOUR_S / wall_s:.0f}x", f"{HOUR_S / cpu_s:.0f}x per core of CPU time")


def hour_of_mp3(folder: Path) -> Path:
    """Five minutes of speech and noise, repeated to an hour without encoding again."""
    noise = np.random.default_rng(0).standard_normal(60 * 16_000).astype(np.float32)
    audio = np.concatenate([programme(240), 0.05 * noise])
    piece = write(folder / "piece.mp3", audio, "-ar", "44100", "-b:a", "96k", channels=2)
    hour = folder / "hour.mp3"
    ffmpeg("-stream_loop", "-1", "-i", str(piece), "-t", str(HOUR_S), "-c", "copy", str(hour))
    return hour


def timed(run: Callable[[Path], object], path: Path) -> tuple[float, float]:
    """Wall seconds and CPU seconds (children included)."""
    before, begun = _cpu_s(), time.monotonic()
    run(path)
    return time.monotonic() - begun, _cpu_s() - before


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def ffmpeg_alone(path: Path) -> None:
    command = [ffmpeg_binary(), "-threads", "1", "-loglevel", "error", "-i", str(path)]
    subprocess.run([*command, "-ac", "1", "-ar", "16000", "-f", "null", "-"], check=True)


def ours_decode(path: Path) -> None:
    for _ in decode(path, path.name, DecodeReport(), 2 * HOUR_S):
        pass


def ours(path: Path) -> None:
    chunks = decode(path, path.name, DecodeReport(), 2 * HOUR_S)
    for _ in cut_recording(chunks, Segmentation()):
        pass


def librosa_load(path: Path) -> np.ndarray:
    import librosa

    return np.asarray(librosa.load(path, sr=16_000, mono=True)[0])


def librosa_and_silero(path: Path) -> None:
    import torch
    from silero_vad import get_speech_timestamps, load_silero_vad

    torch.set_num_threads(1)
    get_speech_timestamps(torch.from_numpy(librosa_load(path)), load_silero_vad(onnx=True))


if __name__ == "__main__":
    main()
