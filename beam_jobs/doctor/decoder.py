"""FFmpeg: its version, and a tone that goes through it as recordings do."""

from __future__ import annotations

import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from af3core.audio import SAMPLE_RATE_HZ
from af3core.audio.decode import decode_whole
from af3core.audio.ffmpeg_program import check_ffmpeg, ffmpeg_binary
from schemas.findings import Finding

_RATE_HZ, _TONE_HZ, _AMPLITUDE = 44_100, 440, 10_000


def decoder() -> Iterator[Finding]:
    """Raises what the decoder raises."""
    version = check_ffmpeg()
    with tempfile.TemporaryDirectory(prefix="af3-doctor-") as folder:
        path = Path(folder, "tone.wav")
        _write_tone(path)
        heard = decode_whole(path, path.name, limit_s=10.0)
    spectrum = np.abs(np.fft.rfft(heard.astype(np.float64)))
    peak_hz = float(np.argmax(spectrum)) * SAMPLE_RATE_HZ / max(1, len(heard))
    program = f"FFmpeg {version} ({ffmpeg_binary()})"
    if abs(len(heard) - SAMPLE_RATE_HZ) > SAMPLE_RATE_HZ // 100 or abs(peak_hz - _TONE_HZ) > 2:
        yield Finding(
            "ffmpeg",
            "failed",
            f"{program} makes {len(heard)} samples at {peak_hz:.0f} Hz of a tone at {_TONE_HZ}",
            "unset IMAGEIO_FFMPEG_EXE, or name another one",
        )
    else:
        yield Finding("ffmpeg", "ok", f"{program} decodes a tone")


def _write_tone(path: Path) -> None:
    """One second in 44.1 kHz, 16 bit, mono."""
    times_s = np.arange(_RATE_HZ) / _RATE_HZ
    samples = (_AMPLITUDE * np.sin(2 * np.pi * _TONE_HZ * times_s)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE_HZ)
        file.writeframes(samples.tobytes())
