"""Whether two recordings say the same: by how loud they are, 20 ms by 20 ms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def envelope(samples: npt.NDArray[np.float32], rate_hz: int) -> npt.NDArray[np.float64]:
    """How loud each 20 ms are."""
    hop = rate_hz // 50
    frames = samples[: len(samples) // hop * hop].reshape(-1, hop).astype(np.float64)
    return np.sqrt((frames**2).mean(axis=1))


def likeness(heard: npt.NDArray[np.float64], said: npt.NDArray[np.float64]) -> float:
    """Highest correlation of two envelopes at any shift."""
    said = said[np.flatnonzero(said > 0.1 * said.max())[0] :]
    heard = np.concatenate([heard, np.zeros(len(said))])
    parts = np.lib.stride_tricks.sliding_window_view(heard, len(said))
    return float(max(np.corrcoef(part, said)[0, 1] for part in parts if part.std()))
