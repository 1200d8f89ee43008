"""Speech kept as a file while it is spoken: Opus in Ogg, or WAV with 16 bits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from af3core.speech.voice import AudioChunk

Kind = Literal["opus", "wav"]

_OPUS_RATE_HZ, _OPUS_BITS_PER_S = 24_000, 32_000
"""Speech at all rates up to 24 kHz, as voices have; Opus knows few others."""


class SoundWriter:
    """Writes chunks of one voice; a context manager. The same chunks give the same bytes.

    A WAV needs a target that can seek. Without a single chunk the file holds no audio.

    Args:
        target: a path, or a binary file that stays open.
        kind: `opus` (Ogg, 24 kHz, 32 kbit/s) or `wav` (16 bits at the voice's rate).
        sample_rate_hz: the voice's.
    """

    def __init__(self, target: Path | BinaryIO, kind: Kind, sample_rate_hz: int) -> None:
        import av

        where: Any = str(target) if isinstance(target, Path) else target
        self._rate_hz, self._samples = sample_rate_hz, 0
        container = "ogg" if kind == "opus" else "wav"
        options = {"fflags": "+bitexact"}
        self._container = av.open(where, "w", format=container, container_options=options)
        codec, rate_hz = (
            ("libopus", _OPUS_RATE_HZ) if kind == "opus" else ("pcm_s16le", sample_rate_hz)
        )
        stream: Any = self._container.add_stream(codec, rate=rate_hz, layout="mono")
        self._stream = stream
        if kind == "opus":
            stream.bit_rate = _OPUS_BITS_PER_S
        self._container.start_encoding()

    @property
    def duration_ms(self) -> int:
        """Of what is written."""
        return round(1000 * self._samples / self._rate_hz)

    def write(self, chunk: AudioChunk) -> None:
        """Append a chunk."""
        import av

        samples = np.ascontiguousarray(chunk.samples[None], np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = self._rate_hz, self._samples
        self._samples += len(chunk.samples)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what the encoder still holds."""
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def __enter__(self) -> SoundWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def write_sound(
    target: Path | BinaryIO, kind: Kind, sample_rate_hz: int, chunks: Iterable[AudioChunk]
) -> int:
    """Write all chunks; the duration in ms. Arguments are those of `SoundWriter`."""
    with SoundWriter(target, kind, sample_rate_hz) as writer:
        for chunk in chunks:
            writer.write(chunk)
    return writer.duration_ms
