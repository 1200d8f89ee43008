"""A loudspeaker that plays chunks of speech as they come, and falls silent at once."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from af3core.audio.resample import Resampler
from af3core.speech.voice import AudioChunk
from beam_jobs.talk.devices import Device, open_stream, sound_library

_LOOK_S = 0.05
"""How often a waiting speaker looks whether it was stopped."""


class Loudspeaker:
    """Plays while it is entered; leaving drops what was not played yet.

    Args:
        device: where to.
        sample_rate_hz: of the chunks.

    Raises:
        ConfigurationError: on entering: the device cannot be opened.
    """

    def __init__(self, device: Device, sample_rate_hz: int) -> None:
        self._device = device
        self._resampler = Resampler(sample_rate_hz, device.sample_rate_hz)
        self._waiting: deque[npt.NDArray[np.float32]] = deque()
        self._complete = False
        self._ended = threading.Event()
        self._stream: Any = None

    def play(self, chunk: AudioChunk) -> None:
        """Put a chunk behind those that wait; never blocks."""
        self._waiting.append(self._resampler.add(chunk.samples))

    def wait(self, stop: threading.Event) -> bool:
        """Until all chunks have sounded, or `stop` is set, or the device is gone: then false."""
        self._waiting.append(self._resampler.flush())
        self._complete = True
        while not stop.is_set() and self._stream.active:
            self._ended.wait(_LOOK_S)
        return not self._waiting

    def __enter__(self) -> Loudspeaker:
        self._stream = open_stream(
            self._device,
            "take another by --loudspeaker, or --mute",
            callback=self._fill,
            finished_callback=self._ended.set,
        )
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Silence at once; the device's thread has ended then."""
        if self._stream is not None:
            self._stream.abort(ignore_errors=True)
            self._stream.close()
            self._stream = None
            self._resampler.flush()  # a stopped sound's threads end too

    def _fill(self, out: Any, frames: int, _time: Any, _status: Any) -> None:
        """Called by PortAudio's thread: the next samples, silence where there are none yet."""
        complete, filled = self._complete, 0
        while filled < frames and self._waiting:
            block = self._waiting.popleft()
            part = block[: frames - filled]
            out[filled : filled + len(part), 0] = part
            filled += len(part)
            if len(part) < len(block):
                self._waiting.appendleft(block[len(part) :])
        out[filled:] = 0
        if complete and filled < frames:
            raise sound_library().CallbackStop
