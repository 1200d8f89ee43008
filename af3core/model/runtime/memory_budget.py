"""How a GPU's free memory is shared out: working memory of one call, then pages for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from af3core.errors import GpuFull
from af3core.model.network.kv_cache import head_dim
from af3core.model.network.kv_pool import pages_for
from af3core.model.network.step_tables import PAGE_TOKENS
from af3core.model.runtime.buckets import MOST_RECORDED_TOKENS, STEP_ROWS

_KEPT_FREE = 0.08
"""For the allocator's gaps, and what CUDA and its libraries take while they run."""
_WORKING_SHARE = 0.3
"""Of what is free, at most, for the activations of one call of encoder or prefill."""
_TOKENS_AT_ONCE = 24_000
"""Enough to fill any GPU of today."""
_LEAST_AT_ONCE = 2_000
_LEAST_PAGES = 2
"""A prefix and an answer."""
_SLOTS = STEP_ROWS[-1] // 2


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


def token_bytes(config: Any, number_bytes: int) -> int:
    """Keys and values of a token in all layers: 56 KiB for AF3 in bfloat16."""
    text = config.text_config
    return int(
        2 * text.num_hidden_layers * text.num_key_value_heads * head_dim(text) * number_bytes
    )


def working_bytes(config: Any, number_bytes: int, tokens: int, prefix_tokens: int) -> int:
    """Activations of one call, for AF3 in bfloat16 82 kB a token in the encoder (two positions), or
    in a prefill 72 kB and 114 kB for its MLP.

    Args:
        config: of the checkpoint.
        number_bytes: of one number.
        tokens: of a batch, or of a slice of a longer prefix's MLP.
        prefix_tokens: of the longest prefix, which is a batch of its own.
    """
    audio, text = config.audio_config, config.text_config
    of_encoder = tokens * 2 * (8 * audio.hidden_size + 2 * audio.intermediate_size)
    of_mlp = tokens * 3 * text.intermediate_size
    of_prefill = max(tokens, prefix_tokens) * 10 * text.hidden_size + of_mlp
    return int(max(of_encoder, of_prefill) * number_bytes)


def recorded_bytes(config: Any, number_bytes: int, runners: int) -> int:
    """What recorded calls keep, whether they run or not: their working memory, which all of them
    share and nothing else uses, and each runner's logits.
    """
    logits = STEP_ROWS[-1] * config.text_config.vocab_size * number_bytes
    return working_bytes(config, number_bytes, MOST_RECORDED_TOKENS, 0) + int(runners * logits)


def pool_sizes(
    config: Any,
    number_bytes: int,
    free_bytes: int,
    longest_sound_tokens: int,
    batch_tokens: int | None = None,
    runners: int = 1,
) -> PoolSizes:
    """Sizes for what is free beside the weights; `batch_tokens` of keys and values where that is
    given. `runners` share the pool.

    Raises:
        GpuFull: next to nothing is free, or less than `batch_tokens` take.
    """
    text, page = config.text_config, PAGE_TOKENS * token_bytes(config, number_bytes)
    beside = STEP_ROWS[-1] * text.vocab_size * 4  # float32, of the rows that a sampler chooses for
    usable = int(free_bytes * (1 - _KEPT_FREE))
    left = usable - beside - recorded_bytes(config, number_bytes, runners)
    asked = 0 if batch_tokens is None else pages_for(batch_tokens)
    free = f"{free_bytes / 1e9:.2f} GB are free of the GPU's memory beside the weights"
    if asked and asked * page > left:
        most = max(left // page, 0) * PAGE_TOKENS
        raise GpuFull(
            f"--batch-tokens {batch_tokens}: {free}, which hold {most} beside what the calls take:"
            " lower it, or leave it out"
        )
    room, at_once = min(usable * _WORKING_SHARE, left - asked * page), _TOKENS_AT_ONCE
    while at_once > _LEAST_AT_ONCE and working_bytes(config, number_bytes, at_once, 0) > room:
        at_once //= 2
    working = working_bytes(config, number_bytes, at_once, longest_sound_tokens)
    pages = asked or (left - working) // page
    if pages < _LEAST_PAGES:
        raise GpuFull(f"{free}, which holds no clip: use a larger one, or a smaller --dtype")
    slots = min(_SLOTS, pages - 1)
    tokens = min(pages * PAGE_TOKENS, int(text.max_position_embeddings))
    return PoolSizes(pages + 1, slots, 2 * slots, tokens, tokens, at_once)
