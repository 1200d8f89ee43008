"""Whisper's log-mel spectrogram, in torch, on the device, on the real length of each window.

The same numbers as transformers' WhisperFeatureExtractor, which pads every window to its full
length first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from af3core.model.audio_limits import HOP_SAMPLES, WINDOW_SAMPLES, mel_frames
from af3core.model.request import HeardWindow, Waveform

_FFT = 400
_BORDER_FRAMES = 2
"""Frames after the last sample that the convolutions before the encoder still see."""

_LOWEST_POWER = 1e-10
_RANGE = 8.0
"""Decades below the loudest that are kept (openai/whisper, audio.py)."""
_SILENCE = (math.log10(_LOWEST_POWER) + 4.0) / 4.0


class LogMel(nn.Module):
    """Log-mel of windows.

    Args:
        filters: mel filter bank `[fft_bins, mel]` of the checkpoint's feature extractor.
        window_samples: the longest window.
    """

    filters: Tensor
    window: Tensor

    def __init__(self, filters: np.ndarray, window_samples: int = WINDOW_SAMPLES) -> None:
        super().__init__()
        self._window_samples = window_samples
        bank = torch.from_numpy(np.ascontiguousarray(filters.T, dtype=np.float32))
        self.register_buffer("filters", bank, persistent=False)
        self.register_buffer("window", torch.hann_window(_FFT), persistent=False)

    def forward(self, windows: Sequence[Waveform]) -> Tensor:
        """`[batch, mel, frames]` in float32, as long as the longest window and its border.

        Frames of shorter windows after their own border are those of silence. What was computed
        ahead is only put together.
        """
        ahead = [window.log_mel for window in windows if isinstance(window, HeardWindow)]
        if len(ahead) == len(windows):
            return self._together(ahead)
        longest = max(mel_frames(len(window)) for window in windows)
        frames = min(longest + _BORDER_FRAMES, self._window_samples // HOP_SAMPLES)
        # one frame more, so that the reflection at the end touches no frame that is kept
        length = min((frames + 1) * HOP_SAMPLES, self._window_samples)
        samples = np.zeros((len(windows), length), np.float32)
        for row, window in zip(samples, windows, strict=True):
            row[: len(window)] = window
        spectrum = torch.stft(
            torch.from_numpy(samples).to(self.window.device, non_blocking=True),
            _FFT,
            HOP_SAMPLES,
            window=self.window,
            return_complex=True,
        )
        power = torch.view_as_real(spectrum[..., :frames]).square().sum(-1)
        levels = (self.filters @ power).clamp_(min=_LOWEST_POWER).log10_()
        loudest = levels.amax(dim=(1, 2), keepdim=True)
        return torch.maximum(levels, loudest - _RANGE).add_(4.0).div_(4.0)

    def _together(self, log_mels: Sequence[npt.NDArray[np.float32]]) -> Tensor:
        bins, longest = len(log_mels[0]), max(mel.shape[1] for mel in log_mels)
        batch = np.empty((len(log_mels), bins, longest), np.float32)
        for row, mel in zip(batch, log_mels, strict=True):
            row[:, : mel.shape[1]] = mel
            row[:, mel.shape[1] :] = max(_SILENCE, float(mel.max()) - _RANGE / 4.0)
        return torch.from_numpy(batch).to(self.window.device, non_blocking=True)
