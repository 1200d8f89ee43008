"""Runners for a GPU: their pool, from the memory that is free once all weights are there."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from af3core.model.audio_limits import audio_tokens
from af3core.model.low_bit.int8_weight import held_bytes
from af3core.model.model_sizes import ModelSizes
from af3core.model.network.af3_model import Af3Model
from af3core.model.network.kv_pool import KvPool
from af3core.model.request import Weights
from af3core.model.runtime.accelerator import Accelerator
from af3core.model.runtime.memory_budget import ModelNeeds, sizes_of_all
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
    needs = {name: needs_of(model) for name, model in models.items()}
    sizes = sizes_of_all(needs, free_bytes, batch_tokens)
    pools: dict[tuple[int, ...], KvPool] = {}
    runners: dict[Weights, PagedRunner] = {}
    for name, model in models.items():
        shape = needs[name].pool_shape
        runners[name] = PagedRunner(
            FusedNetwork(model, sizes[name].tokens_at_once),
            sizes[name],
            sorted(end_ids[name]),
            accelerator,
            pools.get(shape),
        )
        pools[shape] = runners[name].pool
    return runners


def needs_of(model: Af3Model) -> ModelNeeds:
    """Of a model with weights."""
    linear = model.decoder.decoder_layers()[0].down.weight
    return ModelNeeds(
        ModelSizes.of(model.config.to_dict()),
        model.decoder.embed.weight.dtype.itemsize,
        audio_tokens(model.limit.max_samples),
        is_low_bit=held_bytes(linear) < linear.numel() * linear.dtype.itemsize,
    )


def free_bytes_of(device: torch.device) -> int:
    """Of a GPU, once what no tensor holds is given back."""
    torch.cuda.empty_cache()
    return torch.cuda.mem_get_info(device)[0]
