"""Voice encoders by name: the embedded one, or a checkpoint by folder or hub id."""

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
    """Sounds of one voice in, a vector each out; voices that are alike have like vectors."""

    @property
    def identity(self) -> VoiceEncoderIdentity: ...

    def encode(self, windows: Sequence[Waveform]) -> VoiceVectors:
        """`[windows, dimensions]`, each of length 1.

        Args:
            windows: 16 kHz mono; of unlike lengths where need be.
        """


def voice_encoder_identity(name: str) -> VoiceEncoderIdentity:
    """Which encoder a name means, without loading its weights.

    Raises:
        ConfigurationError: there is none, or a package is missing.
    """
    raise NotImplementedError(name)


def load_voice_encoder(name: str) -> VoiceEncoder:
    """The encoder of this name, loaded once per process.

    Raises:
        ConfigurationError: there is none, it is not whole, or a package is missing.
    """
    raise NotImplementedError(name)
