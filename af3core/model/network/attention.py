"""Attention in parts: over a shared prefix and over a question's own tokens, merged exactly.

A softmax over keys that lie in two places equals the softmax over each, weighted by its share of
the total (Milakov and Gimelshein 2018). So all questions of a clip read one copy of its prefix,
together, as the rows of one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_SCORES_AT_ONCE = 1 << 25
"""Of float32 scores, 128 MiB."""


@dataclass(frozen=True)
class PartialAttention:
    """Attention over some of the keys, before the division.

    Attributes:
        weighted: sum of values by exp(score - peak) `[..., head_dim]`, float32.
        peak: largest score `[..., 1]`.
        total: sum of exp(score - peak) `[..., 1]`.
    """

    weighted: Tensor
    peak: Tensor
    total: Tensor


def attend(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> PartialAttention:
    """The part of `query [batch, kv_heads, rows, head_dim]`, already scaled.

    Args:
        query: all rows that read the same keys: query heads of a group, tokens, questions.
        keys, values: `[batch, kv_heads, places, head_dim]`.
        mask: added to scores, `[batch, 1, rows or 1, places]` float32, or None. Each row must see
            one key at least.
    """
    batch, heads, rows, _ = query.shape
    per_batch = heads * rows * keys.shape[2]
    if per_batch * batch <= _SCORES_AT_ONCE:
        return _attend(query, keys, values, mask)
    if batch > 1:
        step = max(1, _SCORES_AT_ONCE // per_batch)
        slices = [slice(i, i + step) for i in range(0, batch, step)]
        return _concatenate(
            [
                attend(query[s], keys[s], values[s], None if mask is None else mask[s])
                for s in slices
            ],
            dim=0,
        )
    step = max(1, _SCORES_AT_ONCE // (heads * keys.shape[2]))
    parts = []
    for start in range(0, rows, step):
        rows_now = slice(start, start + step)
        seen = mask if mask is None or mask.shape[2] == 1 else mask[:, :, rows_now]
        parts.append(_attend(query[:, :, rows_now], keys, values, seen))
    return _concatenate(parts, dim=2)


def _attend(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> PartialAttention:
    scores = _product(query, keys.transpose(2, 3))
    if mask is not None:
        scores = scores.add_(mask)
    peak = scores.amax(dim=-1, keepdim=True)
    weights = scores.sub_(peak).exp_()
    total = weights.sum(dim=-1, keepdim=True)
    return PartialAttention(_product(weights.to(values.dtype), values), peak, total)


def _product(left: Tensor, right: Tensor) -> Tensor:
    """`left @ right` over `[batch, heads, …]`, in float32 whatever comes in."""
    shape = (*left.shape[:3], right.shape[3])
    left, right = left.flatten(0, 1), right.flatten(0, 1)
    if left.is_cuda and left.dtype != torch.float32:
        return torch.bmm(left, right, out_dtype=torch.float32).view(shape)
    return torch.bmm(left, right).float().view(shape)


def _concatenate(parts: list[PartialAttention], dim: int) -> PartialAttention:
    return PartialAttention(
        torch.cat([part.weighted for part in parts], dim),
        torch.cat([part.peak for part in parts], dim),
        torch.cat([part.total for part in parts], dim),
    )


def merge(first: PartialAttention, second: PartialAttention) -> Tensor:
    """Attention over the keys of both parts `[..., head_dim]`, float32."""
    peak = torch.maximum(first.peak, second.peak)
    share_1, share_2 = (first.peak - peak).exp_(), (second.peak - peak).exp_()
    total = first.total * share_1 + second.total * share_2
    return (first.weighted * share_1 + second.weighted * share_2) / total
