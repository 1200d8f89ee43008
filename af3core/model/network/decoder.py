"""The language model, a Qwen2 decoder: prefixes once, then questions and answers behind them.

Qwen2 technical report (2024): RMS norms before attention and a SwiGLU MLP, rotary positions,
grouped key-value heads, biases on query, key and value alone. Weights come from transformers'
Qwen2 classes; query, key and value are one matrix here, gate and up another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import rms_norm, scaled_dot_product_attention, silu

from af3core.model.model_sizes import head_dim
from af3core.model.network.kv_cache import KvCache, Placement
from af3core.model.network.rope import rotary_frequencies


class Decoder(nn.Module):
    """The decoder without its output layer in the prefix, with it in the questions."""

    inverse_frequencies: Tensor

    def __init__(self, config: Any) -> None:
        super().__init__()
        text = config.text_config
        self.embed = nn.Embedding(text.vocab_size, text.hidden_size)
        self.layers = nn.ModuleList(DecoderLayer(text) for _ in range(text.num_hidden_layers))
        self.norm = RMSNorm(text.hidden_size, text.rms_norm_eps)
        self.lm_head = nn.Linear(text.hidden_size, text.vocab_size, bias=False)
        self._text = text
        self.place_rotation(self.embed.weight.device)

    def place_rotation(self, device: torch.device) -> None:
        """Compute the rotary frequencies for a device; they are in no checkpoint."""
        frequencies, self._rotary_factor = rotary_frequencies(self._text, head_dim(self._text))
        self.register_buffer("inverse_frequencies", frequencies.to(device), persistent=False)

    def prefill(self, embeddings: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Keys and values `[clips, kv_heads, length, head_dim]` of each layer in turn.

        Args:
            embeddings: prefixes `[clips, length, hidden]`, padded at the end; what stands on
                padding is not to be used.
        """
        length = embeddings.shape[1]
        rotation = self.rotation(torch.arange(length, device=embeddings.device))
        hidden, last = embeddings, len(self.layers) - 1
        for number, layer in enumerate(self.decoder_layers()):
            query, key, value = layer.heads(hidden, rotation)
            query, key, value = (x.transpose(1, 2) for x in (query, key, value))
            yield key, value
            if number == last:
                return  # a prefix has no output: its last layer gives keys and values alone
            attended = scaled_dot_product_attention(
                query, key, value, is_causal=True, enable_gqa=layer.groups > 1
            )
            hidden = layer.after_attention(hidden, attended.transpose(1, 2).flatten(2))

    def extend(
        self,
        ids: Tensor,
        caches: Sequence[KvCache],
        placements: Sequence[Placement],
        wanted: Tensor | None = None,
    ) -> Tensor:
        """Put tokens behind the rows of KV caches; logits `[wanted, vocabulary]` in float32.

        Args:
            ids: `[tokens]`, those of the first cache first.
            caches: their keys and values grow; their lengths are left to the caller.
            placements: for each cache, where its tokens stand.
            wanted: indices of the tokens whose logits are wanted; None for all.
        """
        rotation = self.rotation(torch.cat([at.position for at in placements]))
        sizes = [at.count for at in placements]
        hidden = self.embed(ids)
        for number, layer in enumerate(self.decoder_layers()):
            parts = zip(*(x.split(sizes) for x in layer.heads(hidden, rotation)), strict=True)
            attended = [
                cache.attend(number, at, *qkv)
                for cache, at, qkv in zip(caches, placements, parts, strict=True)
            ]
            hidden = layer.after_attention(hidden, torch.cat(attended).to(hidden.dtype))
        logits: Tensor = self.lm_head(self.norm(hidden if wanted is None else hidden[wanted]))
        return logits.float()

    def decoder_layers(self) -> list[DecoderLayer]:
        """In order."""
        return cast("list[DecoderLayer]", list(self.layers))

    def rotation(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines `[tokens, 1, head_dim]` of positions `[tokens]`."""
        angles = positions[:, None].float() * self.inverse_frequencies
        angles = torch.cat([angles, angles], dim=-1)[:, None]
        dtype = self.embed.weight.dtype
        factor = self._rotary_factor
        return (angles.cos() * factor).to(dtype), (angles.sin() * factor).to(dtype)


class DecoderLayer(nn.Module):
    """One layer, in two halves, so that the caller chooses what attention reads."""

    def __init__(self, text: Any) -> None:
        super().__init__()
        self.size = head_dim(text)
        self.query_heads, self.kv_heads = text.num_attention_heads, text.num_key_value_heads
        self.groups = self.query_heads // self.kv_heads
        width = text.hidden_size
        self.attention_norm = RMSNorm(width, text.rms_norm_eps)
        self.qkv = nn.Linear(width, (self.query_heads + 2 * self.kv_heads) * self.size)
        self.out = nn.Linear(self.query_heads * self.size, width, bias=False)
        self.mlp_norm = RMSNorm(width, text.rms_norm_eps)
        self.gate_up = nn.Linear(width, 2 * text.intermediate_size, bias=False)
        self.down = nn.Linear(text.intermediate_size, width, bias=False)

    def heads(
        self, hidden: Tensor, rotation: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Rotated query `[..., heads, head_dim]` and key, and value `[..., kv_heads, head_dim]`."""
        qkv = self.qkv(self.attention_norm(hidden)).unflatten(-1, (-1, self.size))
        rotated, value = qkv.split([self.query_heads + self.kv_heads, self.kv_heads], dim=-2)
        cos, sin = rotation
        low, high = rotated.chunk(2, dim=-1)
        rotated = rotated * cos + torch.cat([-high, low], dim=-1) * sin
        query, key = rotated.split([self.query_heads, self.kv_heads], dim=-2)
        return query, key, value

    def after_attention(self, hidden: Tensor, attended: Tensor) -> Tensor:
        """The rest of the layer: `attended [..., heads * head_dim]` is what attention gave."""
        hidden = hidden + self.out(attended)
        gate, up = self.gate_up(self.mlp_norm(hidden)).chunk(2, dim=-1)
        return hidden + self.down(silu(gate) * up)


class RMSNorm(nn.Module):
    """Root mean square norm (Zhang and Sennrich 2019); sums in float32 whatever comes in."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, hidden: Tensor) -> Tensor:
        """`[..., width]`, in the dtype that comes in."""
        return rms_norm(hidden, (hidden.shape[-1],), self.weight, self.epsilon)
