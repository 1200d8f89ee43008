"""A checkpoint's sizes by its configuration: what memory is reckoned from, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any


def head_dim(text: Any) -> int:
    """Width of a head in a decoder's configuration; some leave it out."""
    return getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads


@dataclass(frozen=True)
class ModelSizes:
    """Sizes of a Flamingo.

    Attributes:
        layers, heads, kv_heads, head_dim, hidden, inner: of the decoder; `inner` is its MLP's.
        vocabulary, positions: tokens that it knows, and tokens of a conversation.
        encoder_hidden, encoder_inner, mel_bins: of the encoder.
    """

    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    hidden: int
    inner: int
    vocabulary: int
    positions: int
    encoder_hidden: int
    encoder_inner: int
    mel_bins: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> ModelSizes:
        """Of a `config.json`, or of the `to_dict()` of transformers' configuration.

        What it may leave out has transformers' default (configuration_audioflamingo3,
        configuration_qwen2).

        Raises:
            KeyError: it leaves out what has none.
        """
        text, audio = config["text_config"], config.get("audio_config", {})
        heads = int(text["num_attention_heads"])
        return cls(
            layers=int(text["num_hidden_layers"]),
            heads=heads,
            kv_heads=int(text.get("num_key_value_heads") or heads),
            head_dim=int(head_dim(SimpleNamespace(**text))),
            hidden=int(text["hidden_size"]),
            inner=int(text["intermediate_size"]),
            vocabulary=int(text["vocab_size"]),
            positions=int(text.get("max_position_embeddings", 32_768)),
            encoder_hidden=int(audio.get("hidden_size", 1_280)),
            encoder_inner=int(audio.get("intermediate_size", 5_120)),
            mel_bins=int(audio.get("num_mel_bins", 128)),
        )

    @property
    def linear_layers(self) -> dict[str, tuple[int, int]]:
        """Outputs and inputs of a decoder layer's weights, as `DecoderLayer` joins them."""
        width = self.heads * self.head_dim
        return {
            "qkv": (width + 2 * self.kv_heads * self.head_dim, self.hidden),
            "out": (self.hidden, width),
            "gate_up": (2 * self.inner, self.hidden),
            "down": (self.hidden, self.inner),
        }
