"""The path of a GPU on a CPU: the model's fused operations in plain torch, the runner as it is.

`torch.library` chooses the kernel of an operation by its tensors; those registered here are in no
release.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, rms_norm, scaled_dot_product_attention, silu

from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.kernels import (
    decode_attention,
    flash_attention,
    greedy,
    norms,
    rotary,
    swiglu,
)
from af3core.model.network.step_tables import PAGE_TOKENS
from af3core.model.runtime.accelerator import Accelerator, DirectAccelerator
from af3core.model.runtime.memory_budget import PoolSizes
from af3core.model.runtime.paged_network import FusedNetwork
from af3core.model.runtime.paged_runner import PagedRunner
from af3core.model.runtime.runner import Runner


@norms.rms_norm.register_kernel("cpu")
def _rms_norm(hidden: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    return rms_norm(hidden, hidden.shape[-1:], weight, epsilon)


@norms.add_rms_norm.register_kernel("cpu")
def _add_rms_norm(hidden: Tensor, residual: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    return rms_norm(residual.add_(hidden), hidden.shape[-1:], weight, epsilon)


@norms.layer_norm.register_kernel("cpu")
def _layer_norm(hidden: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    return layer_norm(hidden, hidden.shape[-1:], weight, bias, epsilon)


@norms.add_layer_norm.register_kernel("cpu")
def _add_layer_norm(
    hidden: Tensor, residual: Tensor, weight: Tensor, bias: Tensor, epsilon: float
) -> Tensor:
    return layer_norm(residual.add_(hidden), hidden.shape[-1:], weight, bias, epsilon)


@swiglu.swiglu.register_kernel("cpu")
def _swiglu(gate_up: Tensor) -> Tensor:
    gate, up = gate_up.chunk(2, dim=-1)
    return silu(gate) * up


@greedy.greedy.register_kernel("cpu")
def _greedy(logits: Tensor) -> tuple[Tensor, Tensor]:
    ids = logits.argmax(-1)
    return ids, logits.gather(1, ids[:, None])[:, 0].float() - logits.float().logsumexp(-1)


@rotary.rotary_and_cache.register_kernel("cpu")
def _rotary_and_cache(
    qkv: Tensor, cosines: Tensor, sines: Tensor, keys: Tensor, values: Tensor, slots: Tensor
) -> Tensor:
    kv_heads, size = keys.shape[2:]
    heads = qkv.unflatten(1, (-1, size))
    turned, value = heads[:, :-kv_heads], heads[:, -kv_heads:]
    low, high = turned.chunk(2, dim=-1)
    turned = turned * cosines[:, None] + torch.cat([-high, low], dim=-1) * sines[:, None]
    keys.view(-1, kv_heads, size).index_copy_(0, slots, turned[:, -kv_heads:])
    values.view(-1, kv_heads, size).index_copy_(0, slots, value)
    return turned


@decode_attention.decode_attention.register_kernel("cpu")
def _decode_attention(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    prefix_pages: Tensor,
    prefix_lengths: Tensor,
    group_start: Tensor,
    row_group: Tensor,
    own_pages: Tensor,
    own_lengths: Tensor,
    scale: float,
) -> Tensor:
    rows = torch.arange(len(query))
    assert (group_start[row_group] <= rows).all()
    assert (rows < group_start[row_group + 1]).all()
    own, own_seen = _places(own_pages, own_lengths)
    prefix, prefix_seen = _places(prefix_pages[row_group], prefix_lengths[row_group])
    places, seen = torch.cat([prefix, own], 1), torch.cat([prefix_seen, own_seen], 1)
    share = query.shape[1] // keys.shape[2]
    of_keys, of_values = (
        of_all.flatten(0, 1)[places].transpose(1, 2).repeat_interleave(share, 1)
        for of_all in (keys, values)
    )
    scores = (of_keys @ query[..., None])[..., 0] * scale
    weights = scores.masked_fill(~seen[:, None], float("-inf")).softmax(-1)
    return (weights[:, :, None] @ of_values)[:, :, 0]


def _places(pages: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Slots of each row's tokens `[rows, longest]`, and which of them it has."""
    tokens = torch.arange(int(lengths.max()))
    slots = pages[:, tokens // PAGE_TOKENS].long() * PAGE_TOKENS + tokens % PAGE_TOKENS
    return slots, tokens < lengths[:, None]


@flash_attention.flash_attention.register_kernel("cpu")
def _flash_attention(
    query: Tensor, keys: Tensor, values: Tensor, lengths: Tensor | None = None
) -> Tensor:
    seen = None
    if lengths is not None:
        seen = (torch.arange(keys.shape[1]) < lengths[:, None])[:, None, None]
    query, keys, values = (x.transpose(1, 2) for x in (query, keys, values))
    attended = scaled_dot_product_attention(
        query, keys, values, attn_mask=seen, is_causal=lengths is None, enable_gqa=True
    )
    return attended.transpose(1, 2).flatten(2)


def on_pages(
    engine: Af3Engine, sizes: PoolSizes, accelerator: Accelerator | None = None
) -> Af3Engine:
    """The engine with the runners that it has on a GPU, of the same weights."""
    device = accelerator or DirectAccelerator(torch.device("cpu"))
    pool = None
    for name, side in engine._sides.items():
        assert isinstance(side.runner, Runner)
        network = FusedNetwork(side.runner.model, sizes.tokens_at_once)
        runner = PagedRunner(network, sizes, sorted(side.end_ids), device, pool)
        pool = runner.pool
        engine._sides[name] = replace(side, runner=runner)
    engine.batch_tokens = (sizes.pages - 1) * PAGE_TOKENS
    return engine


def runner_of(engine: Af3Engine) -> PagedRunner:
    """Of the base weights."""
    runner = engine.runners["base"]
    assert isinstance(runner, PagedRunner)
    return runner
