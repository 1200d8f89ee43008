"""Rotary positions, and new keys and values into their pages: `af3::rotary_and_cache`.

One program turns the query heads of a key's group and that key, and stores key and value: a token's
heads are read once.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def rotary_kernel(
    qkv: tl.tensor,
    cosines: tl.tensor,
    sines: tl.tensor,
    keys: tl.tensor,
    values: tl.tensor,
    slots: tl.tensor,
    rotated: tl.tensor,
    kv_heads: tl.constexpr,
    groups: tl.constexpr,
    size: tl.constexpr,
    block_heads: tl.constexpr,
    block_half: tl.constexpr,
) -> None:
    token, kv_head = tl.program_id(0).to(tl.int64), tl.program_id(1)
    heads = kv_heads * groups
    half = size // 2
    # the queries of a group, then their key
    number = tl.arange(0, block_heads)
    head = tl.where(number < groups, kv_head * groups + number, heads + kv_head)
    at = tl.arange(0, block_half)
    inside = (number <= groups)[:, None] & (at < half)[None, :]
    places = head[:, None] * size + at[None, :]
    source = qkv + token * ((heads + 2 * kv_heads) * size)
    low = tl.load(source + places, mask=inside, other=0.0).to(tl.float32)
    high = tl.load(source + places + half, mask=inside, other=0.0).to(tl.float32)
    cos = tl.load(cosines + token * size + at, mask=at < half, other=0.0).to(tl.float32)[None, :]
    sin = tl.load(sines + token * size + at, mask=at < half, other=0.0).to(tl.float32)[None, :]
    dtype = rotated.dtype.element_ty
    first, second = (low * cos - high * sin).to(dtype), (high * cos + low * sin).to(dtype)
    target = rotated + token * ((heads + kv_heads) * size) + places
    tl.store(target, first, mask=inside)
    tl.store(target + half, second, mask=inside)

    slot = (tl.load(slots + token) * kv_heads + kv_head) * size
    is_key = inside & (number == groups)[:, None]
    target = keys + slot + at[None, :] + number[:, None] * 0
    tl.store(target, first, mask=is_key)
    tl.store(target + half, second, mask=is_key)
    source += (heads + kv_heads + kv_head) * size
    for start in tl.static_range(0, 2 * block_half, block_half):
        place = start + at
        value = tl.load(source + place, mask=place < size, other=0.0)
        tl.store(values + slot + place, value, mask=place < size)


def launch_rotary(
    qkv: Tensor, cosines: Tensor, sines: Tensor, keys: Tensor, values: Tensor, slots: Tensor
) -> Tensor:
    """As `rotary_and_cache`."""
    _, _, kv_heads, size = keys.shape
    heads = qkv.shape[1] // size - 2 * kv_heads
    groups = heads // kv_heads
    rotated = qkv.new_empty(len(qkv), heads + kv_heads, size)
    rotary_kernel[(len(qkv), kv_heads)](
        qkv,
        cosines,
        sines,
        keys,
        values,
        slots,
        rotated,
        kv_heads=kv_heads,
        groups=groups,
        size=size,
        block_heads=triton.next_power_of_2(groups + 1),
        block_half=triton.next_power_of_2(size // 2),
        num_warps=2,
    )
    return rotated


@torch.library.custom_op("af3::rotary_and_cache", mutates_args=("keys", "values"))
def rotary_and_cache(
    qkv: Tensor, cosines: Tensor, sines: Tensor, keys: Tensor, values: Tensor, slots: Tensor
) -> Tensor:
    """Turn queries and keys by their positions; store keys and values.

    Args:
        qkv: of new tokens `[tokens, (heads + 2 * kv_heads) * head_dim]`, contiguous.
        cosines, sines: of their positions `[tokens, head_dim]`; both halves are equal.
        keys, values: of a layer `[pages, PAGE_TOKENS, kv_heads, head_dim]`, changed in place.
        slots: where each token is stored, page * PAGE_TOKENS + offset `[tokens]` int64.

    Returns:
        Turned queries, then keys `[tokens, heads + kv_heads, head_dim]`.
    """
    return launch_rotary(qkv, cosines, sines, keys, values, slots)


@rotary_and_cache.register_fake
def _(
    qkv: Tensor, _cosines: Tensor, _sines: Tensor, keys: Tensor, _values: Tensor, _slots: Tensor
) -> Tensor:
    kv_heads, size = keys.shape[2:]
    return qkv.new_empty(len(qkv), qkv.shape[1] // size - kv_heads, size)
