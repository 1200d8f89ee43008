"""The embedded voice encoder, CAM++: 192 values of a voice, on a CPU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from af3core.model.request import Waveform
from af3core.speakers.filter_bank import FRAME_SAMPLES, STEP_SAMPLES, log_filter_banks
from af3core.speakers.network_file import CAMPPLUS, open_network
from af3core.speakers.voice_vectors import VoiceEncoderIdentity, VoiceVectors, unit_length
from schemas.options.derive import EMBEDDED_VOICE_ENCODER

_REVISION_DIGITS = 16
CAMPPLUS_IDENTITY = VoiceEncoderIdentity(
    EMBEDDED_VOICE_ENCODER, CAMPPLUS.sha256[:_REVISION_DIGITS], 192
)
_FEWEST_SAMPLES = FRAME_SAMPLES + 24 * STEP_SAMPLES
"""A quarter of a second; less is repeated, since the network's deviation over time needs frames."""


class CampplusEncoder:
    """See `VoiceEncoder`.

    Raises:
        ConfigurationError: the network's file is missing or another one.
    """

    identity = CAMPPLUS_IDENTITY

    def __init__(self) -> None:
        self._session = open_network(CAMPPLUS)

    def encode(self, windows: Sequence[Waveform]) -> VoiceVectors:
        vectors = [self._vector(samples) for samples in windows]
        return unit_length(np.array(vectors, np.float32).reshape(-1, self.identity.dimensions))

    def _vector(self, samples: Waveform) -> VoiceVectors:
        if len(samples) < _FEWEST_SAMPLES:
            samples = np.resize(samples, _FEWEST_SAMPLES)
        features = log_filter_banks(samples)
        return np.asarray(self._session.run(None, {"fbank": features[None]})[0][0], np.float32)
