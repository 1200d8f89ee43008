"""What a microphone hears from one moment to another, as the model hears sounds."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from af3core.audio.resample import Resampler
from af3core.errors import ConfigurationError
from af3core.model.limits import SAMPLE_RATE_HZ
from af3core.model.request import Sound
from beam_jobs.talk.devices import LATENCY_S, Device, quiet_libraries, reason, sound_library

_SILENT_PEAK = 0.001
"""-60 dBFS: below it lies a microphone that is muted, and nothing that is said into one."""


class Recording:
    """Records while it is entered; what was heard stays afterwards.

    Raises:
        ConfigurationError: on entering: the microphone cannot be opened.
    """

    def __init__(self, microphone: Device) -> None:
        self._microphone = microphone
        self._blocks: list[npt.NDArray[np.float32]] = []
        self._samples = 0
        self._lost = False
        self._heard = threading.Condition()
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
        return all(float(np.abs(block).max(initial=0.0)) < _SILENT_PEAK for block in self._blocks)

    def sound(self, most_s: float) -> Sound:
        """What was heard, its first `most_s` seconds at most: 16 kHz, mono."""
        resampler = Resampler(self._microphone.sample_rate_hz, SAMPLE_RATE_HZ)
        parts = [*map(resampler.add, self._blocks), resampler.flush()]
        return Sound(np.concatenate(parts)[: round(most_s * SAMPLE_RATE_HZ)])

    def __enter__(self) -> Recording:
        library = sound_library()
        try:
            with quiet_libraries():
                self._stream = library.InputStream(
                    device=self._microphone.number,
                    samplerate=self._microphone.sample_rate_hz,
                    channels=1,
                    dtype="float32",
                    latency=LATENCY_S,
                    callback=self._take,
                )
                self._stream.start()
        except library.PortAudioError as error:
            self.close()
            raise ConfigurationError(
                f"{self._microphone} cannot be opened: {reason(error)}; close what else records,"
                " or take another by --microphone"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
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
