"""The exact GELU in numpy, which has no error function."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

_STEP = 1 / 512
_LIMIT = 6.0
"""Beyond it, the normal distribution's share is 0 or 1 in float32."""


def gelu(values: Array) -> Array:
    """`x * Phi(x)`, Phi the normal distribution's share below x; within 1e-6 of the exact value.

    Phi is read from a table of steps of 1/512, with the line between two entries: its error is at
    most `step^2 / 8 * max |Phi''|`, 1.2e-7.
    """
    place = np.clip(values, -_LIMIT, _LIMIT)
    place += np.float32(_LIMIT)
    place *= np.float32(1 / _STEP)
    entry = place.astype(np.int32)
    place -= entry
    place *= _SLOPES[entry]
    place += _SHARES[entry]
    place *= values
    return place


def _table() -> npt.NDArray[np.float64]:
    count = int(2 * _LIMIT / _STEP) + 1
    points = (n * _STEP - _LIMIT for n in range(count + 1))
    return np.array([0.5 * math.erfc(-x / math.sqrt(2)) for x in points], np.float64)


_SHARES_EXACT = _table()
_SHARES = _SHARES_EXACT[:-1].astype(np.float32)
_SLOPES = np.diff(_SHARES_EXACT).astype(np.float32)
