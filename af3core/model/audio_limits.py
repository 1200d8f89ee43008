"""How sound becomes tokens in the Flamingo family, and how much of it a model hears.

AF3 paper, section 3.1; transformers' processing_audioflamingo3: the same encoder in all of them,
the length and the window by each checkpoint's processor.
"""

from __future__ import annotations

from dataclasses import dataclass

SAMPLE_RATE_HZ = 16_000
HOP_SAMPLES = 160
"""10 ms between mel frames."""
AUDIO_TOKENS_PER_S = 25

WINDOW_S = 30
WINDOW_SAMPLES = WINDOW_S * SAMPLE_RATE_HZ
BASE_TRAINED_SAMPLES = 5 * WINDOW_SAMPLES
"""2.5 minutes: the longest sound of AF3's stage 3, the base weights' last stage of training. For
longer ones NVIDIA's README advises those of stage 3.5 (`--think-mode`): the think weights."""


@dataclass(frozen=True)
class AudioLimit:
    """How much a model hears in one conversation: so many windows of the encoder. Nothing beyond
    is cut in silence.
    """

    max_windows: int = 20
    window_s: int = WINDOW_S

    @staticmethod
    def declared(max_audio_s: float, window_s: int) -> AudioLimit:
        """Of a processor's `max_audio_len` and its feature extractor's `chunk_length`; a last
        window that would not be whole is not heard (transformers' `_process_audio`).
        """
        return AudioLimit(int(max_audio_s // window_s), window_s)

    @property
    def max_s(self) -> int:
        return self.max_windows * self.window_s

    @property
    def max_samples(self) -> int:
        return self.max_s * SAMPLE_RATE_HZ

    @property
    def window_samples(self) -> int:
        return self.window_s * SAMPLE_RATE_HZ

    def __str__(self) -> str:
        return f"{self.max_s} s ({self.max_windows} windows)"


AF3_LIMIT = AudioLimit()
"""10 minutes."""


def mel_frames(samples: int) -> int:
    """Frames that hold at least one sample, as WhisperFeatureExtractor's mask counts them."""
    return -(-samples // HOP_SAMPLES)


def encoder_positions(frames: int) -> int:
    """Positions after the second convolution, at 50 Hz."""
    return (frames - 1) // 2 + 1


def audio_tokens(samples: int) -> int:
    """Tokens of a sound in the prompt, at 25 Hz; 0 below 30 ms."""
    return encoder_positions(mel_frames(samples)) // 2 if samples else 0
