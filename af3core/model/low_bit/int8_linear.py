"""Activations times a weight of eight bits, as one operation of torch's.

On CUDA a step of few rows waits for the weights' bytes, so that a kernel of ours reads them once as
they are; many rows wait for the products, which cuBLAS takes of the widened weight. A CPU widens it
too: torch's own `_weight_int8pack_mm` reads beyond odd sizes there (2.13).
"""

from __future__ import annotations

import torch
from torch import Tensor

from af3core.model.low_bit.int8_sizes import WIDENED_OUTPUTS

MOST_ROWS_IN_KERNEL = 128
"""Where the products begin to take longer than the bytes, about."""


@torch.library.custom_op("af3::int8_linear", mutates_args=())
def int8_linear(activations: Tensor, numbers: Tensor, scales: Tensor) -> Tensor:
    """`activations [rows, inputs]` times `numbers [outputs, inputs]` by `scales [outputs]`."""
    if activations.is_cuda and len(activations) <= MOST_ROWS_IN_KERNEL:
        from af3core.model.low_bit.int8_kernel import int8_product

        return int8_product(activations.contiguous(), numbers, scales)
    product = activations.new_empty(len(activations), len(numbers))
    for start in range(0, len(numbers), WIDENED_OUTPUTS):
        outputs = slice(start, start + WIDENED_OUTPUTS)
        torch.mm(activations, numbers[outputs].to(activations.dtype).T, out=product[:, outputs])
    return product.mul_(scales)


@int8_linear.register_fake
def _shape(activations: Tensor, numbers: Tensor, scales: Tensor) -> Tensor:
    return activations.new_empty(len(activations), len(numbers))
