"""What chosen heads of the decoder attend to: a reference pass that keeps the weights of attention.

Attention is computed as ever, in parts or by a fused kernel that keeps no weights; those of the
chosen heads, rows and keys are computed once more beside it, layer by layer, so that no more than
one layer's are on the device.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from af3core.model.network.decoder import Decoder, DecoderLayer


@dataclass(frozen=True)
class AttentionPass:
    """Of one conversation.

    Attributes:
        weights: `[chosen heads of the layer, rows, keys]` float32 of each layer that has some; a
            row's weights over all that it sees sum to 1, over the keys to less.
        hidden: `[rows, hidden]`, as the output layer reads them.
    """

    weights: dict[int, npt.NDArray[np.float32]]
    hidden: Tensor


def attention_pass(
    decoder: Decoder,
    embeddings: Tensor,
    heads: Mapping[int, Sequence[int]],
    rows: slice,
    keys: Tensor,
) -> AttentionPass:
    """Read a conversation once, and keep what chosen heads attend to.

    Args:
        decoder: with weights.
        embeddings: of the conversation `[length, hidden]`.
        heads: query heads of each layer whose weights are wanted, both by number from 0.
        rows: tokens that attend.
        keys: tokens that are attended to, bool `[length]`.
    """
    length = embeddings.shape[0]
    places = torch.arange(length, device=embeddings.device)
    rotation = decoder.rotation(places)
    unseen = places[None, :] > places[rows, None]
    hidden = embeddings[None]
    found: dict[int, npt.NDArray[np.float32]] = {}
    for number, layer in enumerate(decoder.decoder_layers()):
        query, key, value = (x.transpose(1, 2) for x in layer.heads(hidden, rotation))
        if heads.get(number):
            chosen = torch.tensor(list(heads[number]), device=embeddings.device)
            weights = _weights(layer, query[0, chosen][:, rows], key[0], chosen, unseen)
            found[number] = weights[:, :, keys].cpu().numpy()
        attended = scaled_dot_product_attention(
            query, key, value, is_causal=True, enable_gqa=layer.groups > 1
        )
        hidden = layer.after_attention(hidden, attended.transpose(1, 2).flatten(2))
    return AttentionPass(found, decoder.norm(hidden[0, rows]))


def _weights(
    layer: DecoderLayer, query: Tensor, keys: Tensor, chosen: Tensor, unseen: Tensor
) -> Tensor:
    """Softmax over all keys that a row sees `[chosen, rows, length]`, in float32."""
    shared = keys[chosen // layer.groups].float()
    scores = query.float() @ shared.transpose(1, 2) * layer.size**-0.5
    return scores.masked_fill(unseen, -torch.inf).softmax(dim=-1)
