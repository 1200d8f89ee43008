"""Any x-vector model of transformers (WavLM, wav2vec2, UniSpeech and the like), from a folder."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from af3core.audio import SAMPLE_RATE_HZ
from af3core.errors import ConfigurationError
from af3core.model.request import Waveform
from af3core.speakers.voice_vectors import VoiceEncoderIdentity, VoiceVectors, unit_length

_FEWEST_SAMPLES = SAMPLE_RATE_HZ // 2
"""Shorter sounds are repeated: the layers over time span 0.3 s."""


class XvectorEncoder:
    """See `VoiceEncoder`.

    Args:
        folder: of the checkpoint.
        identity: of the checkpoint.
        device: cpu or cuda.

    Raises:
        ConfigurationError: it holds no x-vector model, or is not whole.
    """

    def __init__(self, folder: Path, identity: VoiceEncoderIdentity, device: str = "cpu") -> None:
        from transformers import AutoFeatureExtractor, AutoModelForAudioXVector

        self.identity = identity
        self._turn, self._device = threading.Lock(), device
        try:
            loaded: Any = AutoModelForAudioXVector.from_pretrained(
                str(folder), dtype=torch.float32, output_loading_info=True
            )
            features: Any = AutoFeatureExtractor.from_pretrained(str(folder))
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            first_line = (str(error).splitlines() or [""])[0]
            raise ConfigurationError(
                f"--voice-encoder {identity.name}: no whole x-vector checkpoint ({first_line})"
            ) from error
        model, report = loaded
        missing = [name for name in report["missing_keys"] if not name.startswith("objective.")]
        if missing:
            raise ConfigurationError(
                f"--voice-encoder {identity.name}: no whole x-vector checkpoint"
                f" ({len(missing)} weights such as {min(missing)} are missing)"
            )
        self._features, self._model = features, model.eval().to(device)
        if self._features.sampling_rate != SAMPLE_RATE_HZ:
            raise ConfigurationError(
                f"--voice-encoder {identity.name}: hears {self._features.sampling_rate} Hz, not"
                f" {SAMPLE_RATE_HZ}"
            )

    def encode(self, windows: Sequence[Waveform]) -> VoiceVectors:
        with self._turn, torch.inference_mode():
            vectors = [self._vector(samples) for samples in windows]
        return unit_length(np.array(vectors, np.float32).reshape(-1, self.identity.dimensions))

    def _vector(self, samples: Waveform) -> VoiceVectors:
        if len(samples) < _FEWEST_SAMPLES:
            samples = np.resize(samples, _FEWEST_SAMPLES)
        heard = self._features(samples, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
        found = self._model(heard["input_values"].to(self._device)).embeddings[0]
        return np.asarray(found.float().cpu().numpy(), np.float32)
