"""Attention of the encoder over windows of unequal length: `af3::encoder_attention`.

Flash attention (Dao 2023): a program holds a tile of queries and reads keys and values tile by
tile, straight from the joined projection, up to its window's length.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

LOG2_E = 1.4426950408889634
_TILES = {2: (128, 64, 3), 4: (32, 32, 1)}
"""By bytes of a number: queries and keys of a tile, stages of loads."""


@triton.jit
def encoder_attention_kernel(
    qkv: Any,
    lengths: Any,
    attended: Any,
    positions: Any,
    scale: Any,
    heads: tl.constexpr,
    size: tl.constexpr,
    block_size: tl.constexpr,
    block_queries: tl.constexpr,
    block_keys: tl.constexpr,
) -> None:
    head, window = tl.program_id(1), tl.program_id(2).to(tl.int64)
    width = heads * size
    length = tl.load(lengths + window)
    queries = tl.program_id(0) * block_queries + tl.arange(0, block_queries)
    dims = tl.arange(0, block_size)
    wide = dims < size
    source = qkv + window * positions * (3 * width) + head * size + dims[None, :]
    asked = (queries < length)[:, None] & wide[None, :]
    query = tl.load(source + queries[:, None] * (3 * width), mask=asked, other=0.0)
    sums = tl.zeros((block_queries, block_size), tl.float32)
    peak = tl.full((block_queries,), float("-inf"), tl.float32)
    total = tl.zeros((block_queries,), tl.float32)
    # a tile of padding alone reads nothing and writes zeros
    end = tl.where(tl.program_id(0) * block_queries < length, length, 0)
    for start in range(0, end, block_keys):
        places = start + tl.arange(0, block_keys)
        seen = places < end
        inside = seen[:, None] & wide[None, :]
        rows = source + places[:, None] * (3 * width)
        key = tl.load(rows + width, mask=inside, other=0.0)
        scores = tl.dot(query, tl.trans(key), input_precision="ieee") * scale
        scores = tl.where(seen[None, :], scores, float("-inf"))
        highest = tl.maximum(peak, tl.max(scores, axis=1))
        weights = tl.exp2(scores - highest[:, None])
        shrink = tl.exp2(peak - highest)
        total = total * shrink + tl.sum(weights, axis=1)
        value = tl.load(rows + 2 * width, mask=inside, other=0.0)
        sums = tl.dot(
            weights.to(value.dtype), value, sums * shrink[:, None], input_precision="ieee"
        )
        peak = highest
    result = sums / tl.where(total > 0.0, total, 1.0)[:, None]
    target = attended + window * positions * width + head * size + dims[None, :]
    written = (queries < positions)[:, None] & wide[None, :]
    result = result.to(attended.dtype.element_ty)
    tl.store(target + queries[:, None] * width, result, mask=written)


def launch_encoder_attention(qkv: Tensor, lengths: Tensor, heads: int) -> Tensor:
    """As `encoder_attention`."""
    windows, positions, joined = qkv.shape
    size = joined // 3 // heads
    qkv = qkv.contiguous()
    attended = qkv.new_empty(windows, positions, joined // 3)
    block_queries, block_keys, stages = _TILES[qkv.element_size()]
    encoder_attention_kernel[(triton.cdiv(positions, block_queries), heads, windows)](
        qkv,
        lengths,
        attended,
        positions,
        size**-0.5 * LOG2_E,
        heads=heads,
        size=size,
        block_size=max(16, triton.next_power_of_2(size)),
        block_queries=block_queries,
        block_keys=block_keys,
        num_warps=4,
        num_stages=stages,
    )
    return attended


@torch.library.custom_op("af3::encoder_attention", mutates_args=())
def encoder_attention(qkv: Tensor, lengths: Tensor, heads: int) -> Tensor:
    """Attention of every position over the real ones of its window.

    Args:
        qkv: `[windows, positions, 3 * width]`, queries before keys before values.
        lengths: real positions of each window `[windows]` int32.
        heads: of the width.

    Returns:
        `[windows, positions, width]`; positions of padding hold numbers that mean nothing.
    """
    return launch_encoder_attention(qkv, lengths, heads)


@encoder_attention.register_fake
def _(qkv: Tensor, _lengths: Tensor, _heads: int) -> Tensor:
    windows, positions, joined = qkv.shape
    return qkv.new_empty(windows, positions, joined // 3)
