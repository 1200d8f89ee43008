"""Vectors as the ledger's JSON holds them."""

from __future__ import annotations

import base64

import numpy as np
import numpy.typing as npt


def pack_vector(vector: npt.NDArray[np.float32]) -> str:
    """A vector for the ledger: little-endian float32 in base64, a third of its JSON."""
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()


def unpack_vector(packed: str | None) -> npt.NDArray[np.float32] | None:
    """The vector back."""
    return None if packed is None else np.frombuffer(base64.b64decode(packed), "<f4")
