"""What a voice encoder is: sounds of one voice in, a vector each out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from af3core.model.request import Waveform

VoiceVectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class VoiceEncoderIdentity:
    """What decides an encoder's vectors, and what the tables call it.

    Attributes:
        name: as the tables call it.
        revision: of its weights.
        dimensions: of its vectors.
    """

    name: str
    revision: str
    dimensions: int


class VoiceEncoder(Protocol):
    """Voices that are alike have like vectors."""

    @property
    def identity(self) -> VoiceEncoderIdentity: ...

    def encode(self, windows: Sequence[Waveform]) -> VoiceVectors:
        """`[windows, dimensions]`, each of length 1.

        Args:
            windows: 16 kHz mono; of unlike lengths where need be.
        """


def unit_length(vectors: VoiceVectors) -> VoiceVectors:
    """Each of them at length 1; one of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)
