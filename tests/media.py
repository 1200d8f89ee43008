"""Recordings made at test time: espeak-ng speech, encoded by the FFmpeg that the product uses."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

import numpy as np

from af3core.audio import SAMPLE_RATE_HZ
from af3core.audio.ffmpeg_program import ffmpeg_binary
from af3core.nano.espeak_voices import Audio, Speaker, speak

SPEAKER = Speaker("en-us", "m3", "man", 50, 160)
WORDS = "the storm will be loud tomorrow because the river flooded this garden in london"


def spoken(words: str = WORDS) -> Audio:
    """Speech `[samples]` at 16 kHz, peak 0.5, the same at each call of a process."""
    return np.asarray(0.5 * _spoken_once(words), np.float32)


@functools.cache
def _spoken_once(words: str) -> Audio:
    """espeak-ng draws its noise anew at each utterance: lengths and levels differ a little."""
    return speak(SPEAKER, words).audio


def programme(seconds: float, pause_s: float = 0.8) -> Audio:
    """Sentences with pauses between them, `[samples]`, at least so long."""
    pause = np.zeros(int(pause_s * SAMPLE_RATE_HZ), np.float32)
    once = np.concatenate([spoken(), pause])
    return np.tile(once, int(seconds * SAMPLE_RATE_HZ / len(once)) + 1)


def write(path: Path, audio: Audio, *options: str, channels: int = 1) -> Path:
    """Encode 16 kHz audio by the path's suffix and FFmpeg's output options."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.repeat(audio[:, None], channels, axis=1).astype("<f4")
    source = ["-f", "f32le", "-ar", str(SAMPLE_RATE_HZ), "-ac", str(channels), "-i", "pipe:"]
    ffmpeg(*source, *options, str(path), stdin=samples.tobytes())
    return path


def ffmpeg(*arguments: str, stdin: bytes = b"") -> None:
    """Run FFmpeg to its end."""
    subprocess.run(
        [ffmpeg_binary(), "-y", "-loglevel", "error", *arguments], input=stdin, check=True
    )
