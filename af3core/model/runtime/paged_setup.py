"""Runners for a GPU: their pool, from the memory that is free once all weights are there."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from af3core.model.audio_limits import audio_tokens
from af3core.model.network.af3_model import Af3Model
from af3core.model.request import Weights
from af3core.model.runtime.accelerator import CudaAccelerator
from af3core.model.runtime.memory_budget import pool_sizes, token_bytes
from af3core.model.runtime.paged_network import FusedNetwork
from af3core.model.runtime.paged_runner import PagedRunner


def paged_runners(
    models: Mapping[Weights, Af3Model],
    end_ids: Mapping[Weights, frozenset[int]],
    batch_tokens: int | None,
) -> dict[Weights, PagedRunner]:
    """A runner for each of the weights. They take turns, so that weights of one shape share the
    pool; others share the memory.

    Args:
        models: with weights, on one GPU.
        end_ids: tokens that end an answer.
        batch_tokens: of keys and values; None for what is free.

    Raises:
        ConfigurationError: next to nothing is free.
    """
    device = next(iter(models.values())).device
    shapes = {name: _shape(model) for name, model in models.items()}
    free = torch.cuda.mem_get_info(device)[0] // len(set(shapes.values()))
    accelerator = CudaAccelerator(device)
    runners: dict[Weights, PagedRunner] = {}
    for name, model in models.items():
        like = next((r for other, r in runners.items() if shapes[other] == shapes[name]), None)
        itemsize = model.decoder.embed.weight.dtype.itemsize
        longest = audio_tokens(model.limit.max_samples)
        sizes = (
            like.sizes if like else pool_sizes(model.config, itemsize, free, longest, batch_tokens)
        )
        runners[name] = PagedRunner(
            FusedNetwork(model),
            sizes,
            sorted(end_ids[name]),
            accelerator,
            like.pool if like else None,
        )
    return runners


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
