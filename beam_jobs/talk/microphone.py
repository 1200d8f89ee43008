"""What a microphone hears from one moment to another, as the model hears sounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from af3core.audio.resample import Resampler
from af3core.model.audio_limits import SAMPLE_RATE_HZ
from af3core.model.request import Sound
from beam_jobs.talk.devices import Device, open_stream
from beam_jobs.talk.question_sounds import SILENT_PEAK


class MicrophoneRecording:
    """Records while it is entered; what was heard stays afterwards.

    Raises:
        ConfigurationError: on entering: the microphone cannot be opened.
    """

    def __init__(self, microphone: Device) -> None:
        self._microphone = microphone
        self._blocks: list[npt.NDArray[np.float32]] = []
        self._samples = 0
        self._lost = False
        self._stream: Any = None

    @property
    def duration_s(self) -> float:
        """Of what was heard so far."""
        return self._samples / self._microphone.sample_rate_hz

    @property
    def peak(self) -> float:
        """Largest sample of the last tenth of a second, 0 to 1."""
        blocks, wanted, peak = self._blocks, self._microphone.sample_rate_hz / 10, 0.0
        for block in reversed(blocks):
            if wanted <= 0:
                break
            wanted -= len(block)
            peak = max(peak, float(np.abs(block).max(initial=0.0)))
        return peak

    @property
    def runs(self) -> bool:
        """False once the device gives no more, as one does that was unplugged."""
        return bool(self._stream is not None and self._stream.active)

    @property
    def incomplete(self) -> bool:
        """Whether the device lost samples, as this machine did not take them in time."""
        return self._lost

    @property
    def silent(self) -> bool:
        """Whether all that was heard lies below -60 dBFS."""
        return all(float(np.abs(block).max(initial=0.0)) < SILENT_PEAK for block in self._blocks)

    def sound(self, most_s: float) -> Sound:
        """What was heard, its first `most_s` seconds at most: 16 kHz, mono."""
        resampler = Resampler(self._microphone.sample_rate_hz, SAMPLE_RATE_HZ)
        parts = [*map(resampler.add, self._blocks), resampler.flush()]
        return Sound(np.concatenate(parts)[: round(most_s * SAMPLE_RATE_HZ)])

    def __enter__(self) -> MicrophoneRecording:
        self._stream = open_stream(
            self._microphone,
            "close what else records, or take another by --microphone",
            callback=self._take,
        )
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the recording; its thread has ended then."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _take(self, heard: Any, _frames: int, _time: Any, status: Any) -> None:
        """Called by PortAudio's thread."""
        self._lost = self._lost or bool(status.input_overflow)
        self._blocks.append(heard[:, 0].copy())
        self._samples += len(heard)
