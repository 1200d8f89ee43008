"""Small random checkpoints of each form of the Flamingo family, in transformers' own format."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import PreTrainedTokenizerFast, WhisperFeatureExtractor

from af3core.nano.model import new_model
from af3core.nano.tokenizer import CHAT_TEMPLATE
from tests.made_once import made_once

BOS, EOS = 5, 6
"""Ids of nano's tokens that stand for a sound's bounds here."""


@dataclass(frozen=True)
class Form:
    """A checkpoint's architecture and sizes.

    Attributes:
        name: of its folder.
        model_type: of config.json.
        heads, kv_heads, head_dim: of the decoder.
        encoder_width, encoder_heads: of the encoder.
        tied: the output layer is the embeddings.
        rope: settings of a scaled rope, none for the plain one.
        max_audio_s, window_s: what the processor declares.
        seed: of the weights.
    """

    name: str
    model_type: str = "musicflamingo"
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 8
    encoder_width: int = 40
    encoder_heads: int = 4
    layers: int = 2
    tied: bool = False
    rope: dict[str, Any] = field(default_factory=dict)
    max_audio_s: int = 1800
    window_s: int = 30
    seed: int = 0


_CLASSES = {"audioflamingo3": "AudioFlamingo3", "musicflamingo": "MusicFlamingo"}


def checkpoint_of(form: Form, shared: Path, untrained: Path) -> Path:
    """The folder of a form's checkpoint, made once in a run of tests."""
    return made_once(shared, f"family-{form.name}", lambda folder: make(form, folder, untrained))


def make(form: Form, folder: Path, untrained: Path) -> None:
    """Write a checkpoint with random weights and nano's words."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(untrained)
    torch.manual_seed(form.seed)
    name = _CLASSES[form.model_type]
    config = getattr(transformers, f"{name}Config")(**_config(form, tokenizer))
    model = getattr(transformers, f"{name}ForConditionalGeneration")(config)
    for weight in model.parameters():
        if weight.ndim > 1:  # wider than they are made, so that answers differ
            weight.data.normal_(0.0, 0.15)
    model.generation_config = new_model(tokenizer).generation_config
    model.save_pretrained(folder)
    bounds: dict[str, Any] = {}
    if form.model_type != "audioflamingo3":
        before, after = tokenizer.convert_ids_to_tokens([BOS, EOS])
        bounds = {"audio_bos_token": before, "audio_eos_token": after}
    getattr(transformers, f"{name}Processor")(
        WhisperFeatureExtractor(feature_size=128, chunk_length=form.window_s),
        tokenizer,
        chat_template=CHAT_TEMPLATE,
        max_audio_len=form.max_audio_s,
        **bounds,
    ).save_pretrained(folder)


def _config(form: Form, tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    audio = {
        "model_type": "audioflamingo3_encoder",
        "num_mel_bins": 128,
        "num_hidden_layers": 1,
        "num_attention_heads": form.encoder_heads,
        "intermediate_size": 52,
        "hidden_size": form.encoder_width,
        "max_source_positions": 50 * form.window_s,
    }
    text = {
        "model_type": "qwen2",
        "vocab_size": len(tokenizer) + 77,
        "hidden_size": 48,
        "head_dim": form.head_dim,
        "intermediate_size": 44,
        "num_hidden_layers": form.layers,
        "num_attention_heads": form.heads,
        "num_key_value_heads": form.kv_heads,
        "max_position_embeddings": 131_072,
        "tie_word_embeddings": form.tied,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0} | form.rope,
    }
    given: dict[str, Any] = {
        "audio_config": audio,
        "text_config": text,
        "audio_token_id": tokenizer.convert_tokens_to_ids("<sound>"),
    }
    if form.tied:
        given["tie_word_embeddings"] = True
    if form.model_type != "audioflamingo3":
        given |= {"audio_bos_token_id": BOS, "audio_eos_token_id": EOS}
    return given
