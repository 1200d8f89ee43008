"""Sounds of fixtures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile


def sound(path: Path, seconds: float = 0.5) -> bytes:
    """A tone of 16 kHz, as the path's suffix says; gives the file's bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    phase = 2 * np.pi * 440 * np.arange(int(seconds * 16_000)) / 16_000
    soundfile.write(path, 0.2 * np.sin(phase), 16_000)
    return path.read_bytes()
