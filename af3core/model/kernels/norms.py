"""Norms over a row, each with the addition that comes before it: `af3::…_norm`.

One kernel, one program a row. Sums are in float32 whatever comes in; the sum of hidden and residual
is rounded to its dtype first, as two operations would.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def norm_kernel(
    hidden: tl.tensor,
    residual: tl.tensor,
    weight: tl.tensor,
    bias: tl.tensor,
    normed: tl.tensor,
    epsilon: tl.tensor,
    width: tl.constexpr,
    block: tl.constexpr,
    adds: tl.constexpr,
    centred: tl.constexpr,
) -> None:
    row = tl.program_id(0).to(tl.int64) * width
    at = tl.arange(0, block)
    inside = at < width
    value = tl.load(hidden + row + at, mask=inside, other=0.0)
    if adds:
        before = tl.load(residual + row + at, mask=inside, other=0.0)
        value = (before.to(tl.float32) + value.to(tl.float32)).to(before.dtype)
        tl.store(residual + row + at, value, mask=inside)
    wide = value.to(tl.float32)
    if centred:
        wide = tl.where(inside, wide - tl.sum(wide, axis=0) / width, 0.0)
    wide = wide * tl.rsqrt(tl.sum(wide * wide, axis=0) / width + epsilon)
    wide = wide * tl.load(weight + at, mask=inside, other=0.0).to(tl.float32)
    if centred:
        wide += tl.load(bias + at, mask=inside, other=0.0).to(tl.float32)
    tl.store(normed + row + at, wide.to(value.dtype), mask=inside)


def launch_norm(
    hidden: Tensor, residual: Tensor | None, weight: Tensor, bias: Tensor | None, epsilon: float
) -> Tensor:
    """The norm of `hidden + residual`, which the residual becomes; with a bias a layer norm, else
    of the root mean square.
    """
    width = hidden.shape[-1]
    hidden = hidden.contiguous()
    normed = torch.empty_like(hidden)
    block = triton.next_power_of_2(width)
    norm_kernel[(hidden.numel() // width,)](
        hidden,
        hidden if residual is None else residual,
        weight,
        weight if bias is None else bias,
        normed,
        epsilon,
        width=width,
        block=block,
        adds=residual is not None,
        centred=bias is not None,
        num_warps=min(max(block // 512, 1), 8),
    )
    return normed


@torch.library.custom_op("af3::rms_norm", mutates_args=())
def rms_norm(hidden: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """Root mean square norm of `hidden [..., width]`."""
    return launch_norm(hidden, None, weight, None, epsilon)


@torch.library.custom_op("af3::add_rms_norm", mutates_args=("residual",))
def add_rms_norm(hidden: Tensor, residual: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """Add `hidden [..., width]` to the residual (contiguous, in place); its norm."""
    return launch_norm(hidden, residual, weight, None, epsilon)


@torch.library.custom_op("af3::layer_norm", mutates_args=())
def layer_norm(hidden: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    """Layer norm of `hidden [..., width]`."""
    return launch_norm(hidden, None, weight, bias, epsilon)


@torch.library.custom_op("af3::add_layer_norm", mutates_args=("residual",))
def add_layer_norm(
    hidden: Tensor, residual: Tensor, weight: Tensor, bias: Tensor, epsilon: float
) -> Tensor:
    """Add `hidden [..., width]` to the residual (contiguous, in place); its layer norm."""
    return launch_norm(hidden, residual, weight, bias, epsilon)


def _like_hidden(hidden: Tensor, *_others: object) -> Tensor:
    return torch.empty_like(hidden, memory_format=torch.contiguous_format)


for _norm in (rms_norm, add_rms_norm, layer_norm, add_layer_norm):
    _norm.register_fake(_like_hidden)
