"""AF3's fixed numbers (AF3 paper, section 3.1; transformers' processing_audioflamingo3)."""

from __future__ import annotations

SAMPLE_RATE_HZ = 16_000
HOP_SAMPLES = 160
"""10 ms between mel frames."""

WINDOW_S = 30
WINDOW_SAMPLES = WINDOW_S * SAMPLE_RATE_HZ
WINDOW_FRAMES = WINDOW_SAMPLES // HOP_SAMPLES
MAX_WINDOWS = 20
MAX_AUDIO_SAMPLES = MAX_WINDOWS * WINDOW_SAMPLES
"""10 minutes: the model takes no more, and nothing is cut in silence."""

BASE_TRAINED_SAMPLES = 5 * WINDOW_SAMPLES
"""2.5 minutes: the longest sound of stage 3, the base weights' last stage of training. For longer
ones NVIDIA's README advises those of stage 3.5 (`--think-mode`): the think weights."""


def mel_frames(samples: int) -> int:
    """Frames that hold at least one sample, as WhisperFeatureExtractor's mask counts them."""
    return -(-samples // HOP_SAMPLES)


def encoder_positions(frames: int) -> int:
    """Positions after the second convolution, at 50 Hz."""
    return (frames - 1) // 2 + 1


def audio_tokens(samples: int) -> int:
    """Tokens of a sound in the prompt, at 25 Hz; 0 below 30 ms."""
    return encoder_positions(mel_frames(samples)) // 2 if samples else 0
