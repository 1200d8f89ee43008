"""Where speech is: Silero VAD, one probability for each 32 ms, as a stream.

The model's sequence form runs the recurrent network over many frames in one call, about
800 times real time on one core, and gives the same values as frame by frame.

The model file is `silero_vad_16k_sequence.onnx` of the package silero-vad 6.2.3, unchanged, under
the MIT licence beside it: the package itself needs torch, and the file needs onnxruntime alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from af3core.audio.decode import Pcm

FRAME_SAMPLES = 512
FRAME_MS = 32
_CONTEXT_SAMPLES = 64
_STATE_SIZE = 128
MODEL_FILE = Path(__file__).with_name("silero_vad") / "silero_vad_16k_sequence.onnx"
MODEL_SHA256 = "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85"
"""Of the published file; another one would cut elsewhere."""

Probabilities = npt.NDArray[np.float32]


class SpeechDetector:
    """Feed audio in any pieces; keeps the network's state and the frame that is not yet full."""

    def __init__(self) -> None:
        self._session = _load()
        self._state = np.zeros((2, 1, 1, _STATE_SIZE), np.float32)
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
        inputs = {
            "input": np.ascontiguousarray(frames),
            "h": self._state[0],
            "c": self._state[1],
        }
        probabilities, h, c = self._session.run(None, inputs)
        self._state = np.stack([h, c])
        return np.asarray(probabilities, np.float32)


def _load() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(
        str(MODEL_FILE), sess_options=options, providers=["CPUExecutionProvider"]
    )
