"""A text that is given to the model as its own answer: how likely it is, and what it attends to.

One pass over prompt, sound and the text's tokens; nothing is written, and no cache is held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from af3core.model.forced_answer import ForcedAnswer, Head
from af3core.model.network.af3_model import Af3Model
from af3core.model.network.attention_weights import attention_pass
from af3core.model.prompt import SPECIAL, InvalidPrompt, PromptBuilder, PromptTooLong
from af3core.model.request import Request, Sound


def all_heads(model: Af3Model) -> tuple[Head, ...]:
    """Every head of a model's decoder."""
    layers = model.decoder.decoder_layers()
    return tuple((n, head) for n, layer in enumerate(layers) for head in range(layer.query_heads))


@torch.inference_mode()
def force_answer(
    model: Af3Model,
    encode: Callable[[Sequence[Sound]], list[Tensor]],
    builder: PromptBuilder,
    tokenizer: Any,
    request: Request,
    text: str,
    heads: Sequence[Head] | None,
) -> ForcedAnswer:
    """Hear a request's sound with a text as its answer.

    Args:
        model: with weights.
        encode: embeddings `[tokens, hidden]` of each sound.
        builder, tokenizer: of its checkpoint.
        request: about one sound, once.
        text: not empty.
        heads: whose attention is wanted; None for all.

    Raises:
        ModelError: the sound, the words or their length are none that the model takes.
    """
    if SPECIAL.search(text):
        raise InvalidPrompt("the text holds a special token")
    prompt = builder.build(request)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = [*prompt.ids, *encoded.input_ids]
    positions = model.config.text_config.max_position_embeddings
    if len(ids) > positions:
        raise PromptTooLong(f"{len(ids)} tokens: the model has {positions} positions")
    wanted = all_heads(model) if heads is None else tuple(heads)
    by_layer: dict[int, list[int]] = {}
    for layer, head in wanted:
        by_layer.setdefault(layer, []).append(head)
    given = torch.tensor(ids, device=model.device)
    rows = slice(len(prompt.ids) - 1, len(ids) - 1)  # the row before a token writes it
    done = attention_pass(
        model.decoder,
        model.prefix_embeddings(given, encode(prompt.sounds)),
        by_layer,
        rows,
        given == model.config.audio_token_id,
    )
    held = [done.weights[layer][by_layer[layer].index(head)] for layer, head in wanted]
    return ForcedAnswer(
        tuple((start, end) for start, end in encoded.offset_mapping),
        _logprobs(model, done.hidden, given[len(prompt.ids) :]),
        wanted,
        np.stack(held),
    )


def _logprobs(model: Af3Model, hidden: Tensor, tokens: Tensor) -> npt.NDArray[np.float32]:
    logits = model.decoder.lm_head(hidden).float()
    chosen = logits.gather(1, tokens[:, None])[:, 0] - logits.logsumexp(dim=-1)
    return np.asarray(chosen.cpu().numpy(), np.float32)
