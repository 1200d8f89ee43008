"""A matrix product whose weight is read as eight bits and widened on the way: for few rows."""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

_OUTPUTS, _INPUTS = 64, 128
"""Of one tile: 8 KiB of weights."""
_LEAST_ROWS = 16
"""What a tensor core multiplies at once."""


@triton.jit
def _product(  # type: ignore[no-untyped-def]
    activations,
    numbers,
    scales,
    product,
    row_count,
    output_count,
    input_count,
    ROWS: tl.constexpr,  # noqa: N803 (Triton's constants)
    OUTPUTS: tl.constexpr,  # noqa: N803
    INPUTS: tl.constexpr,  # noqa: N803
):
    rows = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    outputs = tl.program_id(0) * OUTPUTS + tl.arange(0, OUTPUTS)
    is_row, is_output = rows < row_count, outputs < output_count
    total = tl.zeros((ROWS, OUTPUTS), dtype=tl.float32)
    for start in range(0, input_count, INPUTS):
        inputs = start + tl.arange(0, INPUTS)
        is_input = inputs < input_count
        left = tl.load(
            activations + rows[:, None].to(tl.int64) * input_count + inputs[None, :],
            mask=is_row[:, None] & is_input[None, :],
            other=0.0,
        )
        right = tl.load(
            numbers + outputs[None, :].to(tl.int64) * input_count + inputs[:, None],
            mask=is_output[None, :] & is_input[:, None],
            other=0,
        )
        total += tl.dot(left, right.to(left.dtype))
    total = total * tl.load(scales + outputs, mask=is_output, other=0.0).to(tl.float32)[None, :]
    tl.store(
        product + rows[:, None].to(tl.int64) * output_count + outputs[None, :],
        total.to(product.dtype.element_ty),
        mask=is_row[:, None] & is_output[None, :],
    )


def int8_product(activations: Tensor, numbers: Tensor, scales: Tensor) -> Tensor:
    """`[rows, inputs]` times `[outputs, inputs]` by `[outputs]`: `[rows, outputs]`."""
    (rows, inputs), outputs = activations.shape, len(numbers)
    product = torch.empty(rows, outputs, dtype=activations.dtype, device=activations.device)
    at_once = max(_LEAST_ROWS, min(64, triton.next_power_of_2(rows)))
    grid: tuple[Any, ...] = (triton.cdiv(outputs, _OUTPUTS), triton.cdiv(rows, at_once))
    _product[grid](
        activations,
        numbers,
        scales,
        product,
        rows,
        outputs,
        inputs,
        ROWS=at_once,
        OUTPUTS=_OUTPUTS,
        INPUTS=_INPUTS,
    )
    return product
