"""What each kernel computes, in plain torch: rows one by one, everything in float64."""

from __future__ import annotations

import torch
from torch import Tensor

from af3core.model.network.step_tables import PAGE_TOKENS, StepTables


def rms_norm(hidden: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    wide = hidden.double()
    return wide / (wide.square().mean(-1, keepdim=True) + epsilon).sqrt() * weight.double()


def layer_norm(hidden: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    wide = hidden.double()
    centred = wide - wide.mean(-1, keepdim=True)
    variance = centred.square().mean(-1, keepdim=True)
    return centred / (variance + epsilon).sqrt() * weight.double() + bias.double()


def swiglu(gate_up: Tensor) -> Tensor:
    gate, up = gate_up.double().chunk(2, dim=-1)
    return gate * gate.sigmoid() * up


def rotate(heads: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """`heads [tokens, heads, size]`."""
    low, high = heads.double().chunk(2, dim=-1)
    turned = torch.cat([-high, low], dim=-1)
    return heads.double() * cosines.double()[:, None] + turned * sines.double()[:, None]


def softmax_attention(query: Tensor, keys: Tensor, values: Tensor, scale: float) -> Tensor:
    """`query [heads, size]` over `[places, kv_heads, size]`."""
    groups = len(query) // keys.shape[1]
    keys, values = (x.double().repeat_interleave(groups, dim=1) for x in (keys, values))
    scores = torch.einsum("hd,phd->hp", query.double(), keys) * scale
    return torch.einsum("hp,phd->hd", scores.softmax(-1), values)


def from_pages(pool: Tensor, pages: Tensor, length: int) -> Tensor:
    """`[length, kv_heads, size]` of a pool."""
    count = -(-length // PAGE_TOKENS)
    return pool[pages[:count].long()].flatten(0, 1)[:length]


def decode_attention(
    query: Tensor, keys: Tensor, values: Tensor, tables: StepTables, scale: float
) -> Tensor:
    rows = []
    for row in range(tables.rows):
        group = int(tables.row_group[row])
        prefix, own = tables.prefix_pages[group], tables.own_pages[row]
        lengths = int(tables.prefix_lengths[group]), int(tables.own_lengths[row])
        read = [
            torch.cat([from_pages(x, prefix, lengths[0]), from_pages(x, own, lengths[1])])
            for x in (keys, values)
        ]
        rows.append(softmax_attention(query[row], *read, scale))
    return torch.stack(rows)


def attention(query: Tensor, keys: Tensor, values: Tensor, length: int | None) -> Tensor:
    """Of one sequence, `[positions, heads, size]`: over its length, or causally."""
    scale = query.shape[-1] ** -0.5
    rows = []
    for place, row in enumerate(query[:length]):
        seen = place + 1 if length is None else length
        rows.append(softmax_attention(row, keys[:seen], values[:seen], scale))
    return torch.stack(rows).flatten(1)
