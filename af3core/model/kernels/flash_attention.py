"""Attention within sequences, of the encoder's windows and of prefixes: `af3::flash_attention`.

A program holds a tile of queries of one head and reads keys and values tile by tile (Dao 2023),
where the projections left them, up to its sequence's length or its own place.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

LOG2_E = 1.4426950408889634
_TILES = {2: (128, 64, 8, 2), 4: (16, 32, 4, 1)}
"""By bytes of a number: queries and keys of a tile, warps, stages of loads."""


@triton.jit
def flash_attention_kernel(
    query: tl.tensor,
    keys: tl.tensor,
    values: tl.tensor,
    lengths: tl.tensor,
    attended: tl.tensor,
    positions: tl.tensor,
    scale: tl.tensor,
    query_row: tl.constexpr,
    key_row: tl.constexpr,
    value_row: tl.constexpr,
    heads: tl.constexpr,
    groups: tl.constexpr,
    size: tl.constexpr,
    causal: tl.constexpr,
    block_queries: tl.constexpr,
    block_keys: tl.constexpr,
    block_size: tl.constexpr,
) -> None:
    head, sequence = tl.program_id(1), tl.program_id(2).to(tl.int64)
    first = tl.program_id(0) * block_queries
    place = first + tl.arange(0, block_queries)
    dims = tl.arange(0, block_size)
    wide = dims < size
    start_of = sequence * positions
    # what a query sees lies before `last`; a tile of padding alone sees nothing and writes zeros
    if causal:
        length = positions
        end = tl.minimum(first + block_queries, positions)
        last = tl.minimum(place + 1, positions)
    else:
        length = tl.load(lengths + sequence)
        end = tl.where(first < length, length, 0)
        last = place * 0 + end
    asked = (place < length)[:, None] & wide[None, :]
    source = query + start_of * query_row + head * size
    queries = tl.load(source + place[:, None] * query_row + dims[None, :], mask=asked, other=0.0)
    keys += start_of * key_row + head // groups * size
    values += start_of * value_row + head // groups * size
    sums = tl.zeros((block_queries, block_size), tl.float32)
    peak = tl.full((block_queries,), float("-inf"), tl.float32)
    total = tl.zeros((block_queries,), tl.float32)
    for start in range(0, end, block_keys):
        at = start + tl.arange(0, block_keys)
        inside = (at < end)[:, None] & wide[None, :]
        key = tl.load(keys + at[:, None] * key_row + dims[None, :], mask=inside, other=0.0)
        scores = tl.dot(queries, tl.trans(key), input_precision="tf32x3") * scale
        scores = tl.where(at[None, :] < last[:, None], scores, float("-inf"))
        highest = tl.maximum(peak, tl.max(scores, axis=1))
        weights = tl.exp2(scores - highest[:, None])
        shrink = tl.exp2(peak - highest)
        total = total * shrink + tl.sum(weights, axis=1)
        value = tl.load(values + at[:, None] * value_row + dims[None, :], mask=inside, other=0.0)
        sums = tl.dot(
            weights.to(value.dtype), value, sums * shrink[:, None], input_precision="tf32x3"
        )
        peak = highest
    result = sums / tl.where(total > 0.0, total, 1.0)[:, None]
    target = attended + (start_of * heads + head) * size
    target += place[:, None] * (heads * size) + dims[None, :]
    written = (place < positions)[:, None] & wide[None, :]
    tl.store(target, result.to(attended.dtype.element_ty), mask=written)


def launch_flash_attention(
    query: Tensor, keys: Tensor, values: Tensor, lengths: Tensor | None
) -> Tensor:
    """As `flash_attention`."""
    sequences, positions, heads, size = query.shape
    attended = query.new_empty(sequences, positions, heads * size)
    block_queries, block_keys, warps, stages = _TILES[query.element_size()]
    flash_attention_kernel[(triton.cdiv(positions, block_queries), heads, sequences)](
        query,
        keys,
        values,
        attended if lengths is None else lengths,
        attended,
        positions,
        size**-0.5 * LOG2_E,
        query_row=query.stride(1),
        key_row=keys.stride(1),
        value_row=values.stride(1),
        heads=heads,
        groups=heads // keys.shape[2],
        size=size,
        causal=lengths is None,
        block_queries=block_queries,
        block_keys=block_keys,
        block_size=max(16, triton.next_power_of_2(size)),
        num_warps=warps,
        num_stages=stages,
    )
    return attended


@torch.library.custom_op("af3::flash_attention", mutates_args=())
def flash_attention(
    query: Tensor, keys: Tensor, values: Tensor, lengths: Tensor | None = None
) -> Tensor:
    """Attention within each sequence, scaled by head_dim ** -0.5.

    A token's heads stand together; tokens may lie apart, all at one distance.

    Args:
        query: `[sequences, positions, heads, head_dim]`.
        keys, values: `[sequences, positions, kv_heads, head_dim]`.
        lengths: of each sequence, which all of its queries see `[sequences]` int32. None: each
            query sees what stands before it and itself, and padding at the end is finite.

    Returns:
        `[sequences, positions, heads * head_dim]`; padding holds numbers that mean nothing.
    """
    return launch_flash_attention(query, keys, values, lengths)


@flash_attention.register_fake
def _(query: Tensor, _keys: Tensor, _values: Tensor, _lengths: Tensor | None = None) -> Tensor:
    return query.new_empty(*query.shape[:2], query.shape[2] * query.shape[3])
