"""How a step's tables lie in one stretch of int32, so that one copy brings them to the device."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Final

import numpy as np
from torch import Tensor

from af3core.model.runtime.buckets import StepBucket

_ALIGNED = 32
"""128 bytes: kernels load from the start of a table in wide words."""

SLOT, GIVEN_ID, GIVEN_LENGTH, CHOICE, END_LENGTH, FREE_LENGTH = FIELDS = range(6)
"""A row's own numbers:

SLOT: where its state is kept on the device.
GIVEN_ID: its token, of a question; -1: the one that the last step chose.
GIVEN_LENGTH: its own tokens with this one, of a question; 0: as the state says.
CHOICE: what becomes of its logits, one of those below.
END_LENGTH: own tokens that its answer ends with at the latest.
FREE_LENGTH: own tokens from which on it may end.
"""

NOTHING: Final = 0
"""No token is chosen: in a question's midst, or a row that nobody uses."""
LIKELIEST: Final = 1
"""The step chooses it."""
BESIDE: Final = 2
"""The sampler beside the step chooses it."""


def _shapes(bucket: StepBucket) -> dict[str, tuple[int, ...]]:
    rows = bucket.rows
    return {
        "fields": (len(FIELDS), rows),
        "row_group": (rows,),
        "group_start": (rows + 1,),
        "prefix_lengths": (rows,),
        "own_pages": (rows, bucket.own_pages),
        "prefix_pages": (rows, bucket.prefix_pages),
    }


def _aligned_size(shape: tuple[int, ...]) -> int:
    return -(-int(np.prod(shape)) // _ALIGNED) * _ALIGNED


def layout_size(bucket: StepBucket) -> int:
    """Numbers of a bucket's tables."""
    return sum(map(_aligned_size, _shapes(bucket).values()))


def device_views(flat: Tensor, bucket: StepBucket) -> Mapping[str, Tensor]:
    """The tables of a bucket, as views of the device's stretch."""
    shapes = _shapes(bucket)
    starts = accumulate(map(_aligned_size, shapes.values()), initial=0)
    return {
        name: flat[start : start + int(np.prod(shape))].view(shape)
        for (name, shape), start in zip(shapes.items(), starts, strict=False)
    }


def host_views(flat: np.ndarray, bucket: StepBucket) -> Mapping[str, np.ndarray]:
    """The same of the host's."""
    shapes = _shapes(bucket)
    starts = accumulate(map(_aligned_size, shapes.values()), initial=0)
    return {
        name: flat[start : start + int(np.prod(shape))].reshape(shape)
        for (name, shape), start in zip(shapes.items(), starts, strict=False)
    }
