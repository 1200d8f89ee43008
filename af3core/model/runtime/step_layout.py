"""How a step's tables lie in one stretch of int32, so that one copy brings them to the device."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from math import prod
from typing import Final

import numpy as np
import numpy.typing as npt
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


@functools.cache
def _layout(bucket: StepBucket) -> dict[str, tuple[slice, tuple[int, ...]]]:
    """Where each table lies, and its shape."""
    rows = bucket.rows
    shapes: dict[str, tuple[int, ...]] = {
        "fields": (len(FIELDS), rows),
        "row_group": (rows,),
        "group_start": (rows + 1,),
        "prefix_lengths": (rows,),
        "own_pages": (rows, bucket.own_pages),
        "prefix_pages": (rows, bucket.prefix_pages),
    }
    layout, start = {}, 0
    for name, shape in shapes.items():
        size = prod(shape)
        layout[name] = slice(start, start + size), shape
        start += -(-size // _ALIGNED) * _ALIGNED
    return layout


@functools.cache
def layout_size(bucket: StepBucket) -> int:
    """Numbers of a bucket's tables."""
    return max(place.stop for place, _ in _layout(bucket).values())


def device_views(flat: Tensor, bucket: StepBucket) -> Mapping[str, Tensor]:
    """The tables of a bucket, as views of the device's stretch."""
    return {name: flat[place].view(shape) for name, (place, shape) in _layout(bucket).items()}


def host_views(
    flat: npt.NDArray[np.int32], bucket: StepBucket
) -> Mapping[str, npt.NDArray[np.int32]]:
    """The same of the host's."""
    return {name: flat[place].reshape(shape) for name, (place, shape) in _layout(bucket).items()}
