"""The gate of an MLP, silu(gate) * up (Shazeer 2020): `af3::swiglu`."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

_BLOCK = 1024


@triton.jit
def swiglu_kernel(
    gate_up: tl.tensor, gated: tl.tensor, inner: tl.constexpr, block: tl.constexpr
) -> None:
    row = tl.program_id(0).to(tl.int64)
    at = tl.program_id(1) * block + tl.arange(0, block)
    inside = at < inner
    source = gate_up + row * (2 * inner) + at
    gate = tl.load(source, mask=inside, other=0.0).to(tl.float32)
    up = tl.load(source + inner, mask=inside, other=0.0).to(tl.float32)
    result = gate / (1.0 + tl.exp(-gate)) * up
    tl.store(gated + row * inner + at, result.to(gated.dtype.element_ty), mask=inside)


def launch_swiglu(gate_up: Tensor) -> Tensor:
    """As `swiglu`."""
    *rows, both = gate_up.shape
    inner = both // 2
    gate_up = gate_up.contiguous()
    gated = gate_up.new_empty(*rows, inner)
    block = min(_BLOCK, triton.next_power_of_2(inner))
    grid = (gate_up.numel() // both, triton.cdiv(inner, block))
    swiglu_kernel[grid](gate_up, gated, inner=inner, block=block, num_warps=4)
    return gated


@torch.library.custom_op("af3::swiglu", mutates_args=())
def swiglu(gate_up: Tensor) -> Tensor:
    """`[..., 2 * inner]`, the gate before what it gates, to `[..., inner]`."""
    return launch_swiglu(gate_up)


@swiglu.register_fake
def _(gate_up: Tensor) -> Tensor:
    return gate_up.new_empty(*gate_up.shape[:-1], gate_up.shape[-1] // 2)
