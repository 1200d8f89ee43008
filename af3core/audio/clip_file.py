"""Clips as FLAC: lossless, a third to a half of PCM's size, any part read without the rest."""

from __future__ import annotations

import os
from io import BytesIO
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from af3core.audio import SAMPLE_RATE_HZ, SAMPLES_PER_MS
from af3core.audio.decode import Pcm
from af3core.errors import InvalidAudio


def encode_flac(samples: Pcm) -> bytes:
    """`[samples]` at 16 kHz mono as a FLAC file; the same samples give the same bytes."""
    import soundfile

    buffer = BytesIO()
    soundfile.write(buffer, samples, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def as_waveform(samples: Pcm) -> npt.NDArray[np.float32]:
    """What was decoded as the model hears it: float32 in [-1, 1)."""
    return samples.astype(np.float32) / np.float32(32_768)


def as_pcm(samples: npt.NDArray[np.float32]) -> Pcm:
    """Samples in [-1, 1) as `encode_flac` takes them: those of `read_span` come back exactly."""
    return np.asarray(np.round(samples * 32_768).clip(-32_768, 32_767), np.int16)


def read_span(file: BinaryIO, name: str, start_ms: int, end_ms: int) -> npt.NDArray[np.float32]:
    """The samples between two times of a clip file, float32 in [-1, 1], `[samples]`.

    Times count from the start of the clip. `file` must be a file of the operating system.

    Raises:
        InvalidAudio: the file is no 16 kHz mono FLAC, or is damaged.
    """
    import soundfile

    os.lseek(file.fileno(), 0, os.SEEK_SET)
    try:
        # by its descriptor: reads through Python callbacks swallow interrupts and other errors
        with soundfile.SoundFile(file.fileno(), closefd=False) as clip:
            if clip.samplerate != SAMPLE_RATE_HZ or clip.channels != 1:
                raise InvalidAudio(f"{name}: not 16 kHz mono; delete it and run segment again")
            clip.seek(start_ms * SAMPLES_PER_MS)
            return np.asarray(clip.read((end_ms - start_ms) * SAMPLES_PER_MS, dtype="float32"))
    except soundfile.LibsndfileError as error:
        raise InvalidAudio(f"{name}: damaged clip; delete it and run segment again") from error
