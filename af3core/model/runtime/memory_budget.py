"""What a model takes of memory, and how what is free beside its weights is shared out: on a GPU
working memory of one call, then pages for the rest. Reckoned from sizes alone, without torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from af3core.errors import GpuFull
from af3core.model.low_bit.int8_sizes import saved_bytes, widened_bytes
from af3core.model.model_sizes import ModelSizes
from af3core.model.network.kv_pool import pages_for
from af3core.model.network.step_tables import PAGE_TOKENS
from af3core.model.runtime.buckets import MOST_RECORDED_FRAMES, MOST_RECORDED_TOKENS, STEP_ROWS

Name = TypeVar("Name")

CPU_TOKENS_AT_ONCE = 1_500
"""Audio tokens of one call of the encoder or of a prefill: enough to fill a CPU."""
_KEPT_FREE = 0.08
"""For the allocator's gaps, and what CUDA and its libraries take while they run."""
_WORKING_SHARE = 0.3
"""Of what is free, at most, for the activations of one call of encoder or prefill."""
_TOKENS_AT_ONCE = 24_000
"""Enough to fill any GPU of today."""
_LEAST_AT_ONCE = 2_000
_LEAST_PAGES = 2
"""A prefix and an answer."""
BESIDE_A_SOUND = 2_000
"""Tokens of words around a sound, and of an answer."""
_SLOTS = STEP_ROWS[-1] // 2


@dataclass(frozen=True)
class ModelNeeds:
    """A model as it is computed.

    Attributes:
        sizes: of its checkpoint.
        number_bytes: of one number of activations, keys and values.
        longest_sound_tokens: of a sound, and so about of a prefix.
        is_low_bit: its decoder is held in eight bits.
    """

    sizes: ModelSizes
    number_bytes: int
    longest_sound_tokens: int
    is_low_bit: bool = False

    @property
    def token_bytes(self) -> int:
        """Keys and values of a token in all layers: 56 KiB for AF3 in bfloat16."""
        sizes = self.sizes
        return 2 * sizes.layers * sizes.kv_heads * sizes.head_dim * self.number_bytes

    @property
    def pool_shape(self) -> tuple[int, ...]:
        """Models that are alike in it share a pool."""
        sizes = self.sizes
        return (
            self.token_bytes,
            sizes.layers,
            sizes.kv_heads,
            sizes.positions,
            sizes.vocabulary,
        )

    def weight_bytes(
        self, parameters: int, think_parameters: int = 0, *, has_output_layer: bool = True
    ) -> int:
        """Of so many numbers in its weights, and in think weights of the same folder."""
        whole = (parameters + think_parameters) * self.number_bytes
        if not self.is_low_bit:
            return whole
        return whole - saved_bytes(
            self.sizes, self.number_bytes, think_parameters, has_output_layer=has_output_layer
        )


@dataclass(frozen=True)
class PoolSizes:
    """What a runner has room for.

    Attributes:
        pages: of keys and values, the spare one included.
        slots: answers that are written at once.
        step_rows: rows of the largest step: answers, and tokens of questions.
        prefix_tokens, own_tokens: the most of a prefix, and of a question with its answer.
        tokens_at_once: of one call of encoder or prefill.
    """

    pages: int
    slots: int
    step_rows: int
    prefix_tokens: int
    own_tokens: int
    tokens_at_once: int

    @property
    def tokens(self) -> int:
        """Of keys and values."""
        return (self.pages - 1) * PAGE_TOKENS


def working_bytes(needs: ModelNeeds, tokens: int, prefix_tokens: int) -> int:
    """Activations of one call, for AF3 in bfloat16 82 kB a token in the encoder (two positions), or
    in a prefill 72 kB and 114 kB for its MLP; and what a product widens of weights in eight bits.

    Args:
        needs: of the model.
        tokens: of a batch, or of a slice of a longer prefix's MLP.
        prefix_tokens: of the longest prefix, which is a batch of its own.
    """
    sizes = needs.sizes
    of_encoder = tokens * 2 * (8 * sizes.encoder_hidden + 2 * sizes.encoder_inner)
    of_mlp = tokens * 3 * sizes.inner
    of_prefill = max(tokens, prefix_tokens) * 10 * sizes.hidden + of_mlp
    widened = widened_bytes(sizes, needs.number_bytes) if needs.is_low_bit else 0
    return max(of_encoder, of_prefill) * needs.number_bytes + widened


def recorded_bytes(needs: ModelNeeds, runners: int) -> int:
    """What recorded calls keep, whether they run or not: their working memory, which all of them
    share and nothing else uses, and each runner's logits and inputs of encoder and prefill.
    """
    sizes = needs.sizes
    numbers = STEP_ROWS[-1] * sizes.vocabulary
    numbers += MOST_RECORDED_FRAMES * sizes.mel_bins + MOST_RECORDED_TOKENS * sizes.hidden
    return working_bytes(needs, MOST_RECORDED_TOKENS, 0) + runners * numbers * needs.number_bytes


def host_bytes(needs: ModelNeeds, batch_tokens: int) -> int:
    """What a CPU takes beside the weights: keys and values, and the activations of one call."""
    working = working_bytes(needs, CPU_TOKENS_AT_ONCE, needs.longest_sound_tokens)
    return batch_tokens * needs.token_bytes + working


def sizes_of_all(
    needs: Mapping[Name, ModelNeeds], free_bytes: int, batch_tokens: int | None
) -> dict[Name, PoolSizes]:
    """Sizes for models on one GPU, by name. They take turns, so that models of one shape share a
    pool; others share the memory.

    Args:
        needs: of each.
        free_bytes: beside all their weights.
        batch_tokens: of keys and values; None for what is free.

    Raises:
        GpuFull: next to nothing is free, or less than `batch_tokens` take.
    """
    alike: dict[tuple[int, ...], list[ModelNeeds]] = {}
    for model in needs.values():
        alike.setdefault(model.pool_shape, []).append(model)
    share = free_bytes // len(alike)
    sizes = {
        shape: pool_sizes(
            max(models, key=lambda model: model.longest_sound_tokens),
            share,
            batch_tokens,
            len(models),
        )
        for shape, models in alike.items()
    }
    return {name: sizes[model.pool_shape] for name, model in needs.items()}


def pool_sizes(
    needs: ModelNeeds, free_bytes: int, batch_tokens: int | None = None, runners: int = 1
) -> PoolSizes:
    """Sizes for what is free beside the weights; `batch_tokens` of keys and values where that is
    given. `runners` share the pool.

    Raises:
        GpuFull: next to nothing is free, or less than `batch_tokens` take.
    """
    page = PAGE_TOKENS * needs.token_bytes
    beside = STEP_ROWS[-1] * needs.sizes.vocabulary * 4  # float32, of what a sampler chooses from
    usable = int(free_bytes * (1 - _KEPT_FREE))
    left = usable - beside - recorded_bytes(needs, runners)
    asked = 0 if batch_tokens is None else pages_for(batch_tokens)
    free = f"{free_bytes / 1e9:.2f} GB are free of the GPU's memory beside the weights"
    if asked and asked * page > left:
        most = max(left // page, 0) * PAGE_TOKENS
        raise GpuFull(
            f"--batch-tokens {batch_tokens}: {free}, which hold {most} beside what the calls take:"
            " lower it, or leave it out"
        )
    # what was asked for, or the longest sound, fits beside the calls as well
    longest = 0 if asked else needs.longest_sound_tokens
    held = (asked or pages_for(longest + BESIDE_A_SOUND)) * page
    at_once = _TOKENS_AT_ONCE
    while at_once > _LEAST_AT_ONCE and (
        working_bytes(needs, at_once, 0) > usable * _WORKING_SHARE
        or working_bytes(needs, at_once, longest) > left - held
    ):
        at_once //= 2
    working = working_bytes(needs, at_once, needs.longest_sound_tokens)
    pages = asked or (left - working) // page
    if pages < _LEAST_PAGES:
        raise GpuFull(f"{free}, which holds no clip: use a larger one, or a smaller --dtype")
    slots = min(_SLOTS, pages - 1)
    tokens = min(pages * PAGE_TOKENS, needs.sizes.positions)
    return PoolSizes(pages + 1, slots, 2 * slots, tokens, tokens, at_once)
