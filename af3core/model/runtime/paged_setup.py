"""Runners for a GPU: their pool, from the memory that is free once all weights are there."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from af3core.model.audio_limits import audio_tokens
from af3core.model.network.af3_model import Af3Model
from af3core.model.request import Weights
from af3core.model.runtime.accelerator import Accelerator
from af3core.model.runtime.memory_budget import PoolSizes, pool_sizes, token_bytes
from af3core.model.runtime.paged_network import FusedNetwork
from af3core.model.runtime.paged_runner import PagedRunner


def paged_runners(
    models: Mapping[Weights, Af3Model],
    end_ids: Mapping[Weights, frozenset[int]],
    accelerator: Accelerator,
    free_bytes: int,
    batch_tokens: int | None,
) -> dict[Weights, PagedRunner]:
    """A runner for each of the weights. They take turns, so that weights of one shape share the
    pool; others share the memory.

    Args:
        models: with weights, on one GPU.
        end_ids: tokens that end an answer.
        accelerator: the GPU.
        free_bytes: of its memory, beside the weights.
        batch_tokens: of keys and values; None for what is free.

    Raises:
        GpuFull: next to nothing is free.
    """
    shapes = {name: _shape(model) for name, model in models.items()}
    share = free_bytes // len(set(shapes.values()))
    runners: dict[Weights, PagedRunner] = {}
    for name, model in models.items():
        like = next((r for other, r in runners.items() if shapes[other] == shapes[name]), None)
        alike = sum(shape == shapes[name] for shape in shapes.values())
        sizes = like.sizes if like else _sizes(model, share, batch_tokens, alike)
        runners[name] = PagedRunner(
            FusedNetwork(model, sizes.tokens_at_once),
            sizes,
            sorted(end_ids[name]),
            accelerator,
            like.pool if like else None,
        )
    return runners


def free_bytes_of(device: torch.device) -> int:
    """Of a GPU, once what no tensor holds is given back."""
    torch.cuda.empty_cache()
    return torch.cuda.mem_get_info(device)[0]


def _sizes(model: Af3Model, free_bytes: int, batch_tokens: int | None, runners: int) -> PoolSizes:
    number_bytes = model.decoder.embed.weight.dtype.itemsize
    longest = audio_tokens(model.limit.max_samples)
    return pool_sizes(model.config, number_bytes, free_bytes, longest, batch_tokens, runners)


def _shape(model: Af3Model) -> tuple[int, ...]:
    """What decides a pool and its sizes."""
    text = model.config.text_config
    return (
        token_bytes(model.config, 1),
        text.num_hidden_layers,
        text.num_key_value_heads,
        text.max_position_embeddings,
        text.vocab_size,
    )
