"""Where speech is: Silero VAD, one probability for each 32 ms, as a stream.

The network runs over many frames in one call, and gives the same values as frame by frame.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from af3core.audio.decode import Pcm
from af3core.audio.speech_network import SpeechNetwork

FRAME_SAMPLES = 512
FRAME_MS = 32
_CONTEXT_SAMPLES = 64
_SPEECH = 0.5
"""Silero's own limit of a frame with speech."""

Probabilities = npt.NDArray[np.float32]


class SpeechDetector:
    """Feed audio in any pieces; keeps the network's state and the frame that is not yet full."""

    def __init__(self) -> None:
        self._network = SpeechNetwork()
        self._pending: Pcm = np.zeros(0, np.int16)
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def feed(self, samples: Pcm) -> Probabilities:
        """Speech probabilities `[frames]` of the frames that these samples complete."""
        audio = np.concatenate([self._pending, samples])
        frame_count = len(audio) // FRAME_SAMPLES
        self._pending = audio[frame_count * FRAME_SAMPLES :]
        if not frame_count:
            return np.zeros(0, np.float32)
        heard = audio[: frame_count * FRAME_SAMPLES]
        return self._run(np.asarray(heard / np.float32(32768), np.float32))

    def finish(self) -> Probabilities:
        """The last, partly filled frame, `[0 or 1]`."""
        if not len(self._pending):
            return np.zeros(0, np.float32)
        padding = np.zeros(FRAME_SAMPLES - len(self._pending), np.int16)
        return self.feed(padding)

    def _run(self, audio: npt.NDArray[np.float32]) -> Probabilities:
        padded = np.concatenate([self._context, audio])
        self._context = audio[-_CONTEXT_SAMPLES:]
        frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME_SAMPLES + _CONTEXT_SAMPLES)[
            ::FRAME_SAMPLES
        ]
        return self._network.probabilities(frames)


def frames_with_speech(samples: Pcm) -> npt.NDArray[np.bool_]:
    """Which frames of a whole sound have speech, `[frames]`; the last may be filled partly."""
    detector = SpeechDetector()
    return np.concatenate([detector.feed(samples), detector.finish()]) >= _SPEECH
