"""Nano's sizes, its forward pass for training, and its checkpoint in transformers' format."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import (
    AudioFlamingo3Config,
    AudioFlamingo3ForConditionalGeneration,
    AudioFlamingo3Processor,
    GenerationConfig,
    PreTrainedTokenizerFast,
    WhisperFeatureExtractor,
)

from af3core.nano.data import MEL_BINS
from af3core.nano.tokenizer import CHAT_TEMPLATE, END_OF_TEXT, IM_END, SOUND

HIDDEN = 256
CTC_LETTERS = " abcdefghijklmnopqrstuvwxyz"
"""Symbol 0 is the blank; letters follow from 1."""


def nano_config(tokenizer: PreTrainedTokenizerFast) -> AudioFlamingo3Config:
    """AF3's architecture in small: the same modules, windows and token rate."""
    options: dict[str, Any] = {"tie_word_embeddings": True}
    return AudioFlamingo3Config(
        audio_config={
            "model_type": "audioflamingo3_encoder",
            "num_mel_bins": MEL_BINS,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "intermediate_size": 1024,
            "hidden_size": HIDDEN,
            "max_source_positions": 1500,
        },
        text_config={
            "model_type": "qwen2",
            "vocab_size": len(tokenizer),
            "hidden_size": HIDDEN,
            "intermediate_size": 768,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 32768,
            "rope_theta": 10000.0,
            "tie_word_embeddings": True,
            "bos_token_id": None,
            "eos_token_id": tokenizer.convert_tokens_to_ids(IM_END),
            "pad_token_id": tokenizer.convert_tokens_to_ids(END_OF_TEXT),
        },
        audio_token_id=cast(int, tokenizer.convert_tokens_to_ids(SOUND)),
        **options,
    )


def new_model(tokenizer: PreTrainedTokenizerFast) -> AudioFlamingo3ForConditionalGeneration:
    """Random weights; the encoder's positions are sinusoids, as Whisper's."""
    model = AudioFlamingo3ForConditionalGeneration(nano_config(tokenizer))
    positions = model.model.audio_tower.embed_positions.weight
    positions.data = _sinusoids(*positions.shape) * 0.3
    model.generation_config = GenerationConfig(
        do_sample=False,
        eos_token_id=tokenizer.convert_tokens_to_ids(IM_END),
        pad_token_id=tokenizer.convert_tokens_to_ids(END_OF_TEXT),
    )
    return model


def _sinusoids(length: int, channels: int) -> Tensor:
    """Whisper's fixed positions `[length, channels]` (openai/whisper, model.py)."""
    steps = torch.exp(-torch.arange(channels // 2) * (9.2103 / (channels // 2 - 1)))
    angles = torch.arange(length)[:, None] * steps[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class TrainingModel(nn.Module):
    """The model with a letter-wise CTC head on the encoder, run on real lengths.

    The released forward pads every window to 30 s and masks the padding; leaving the padding out
    gives the same numbers and several times the speed.
    """

    def __init__(self, model: AudioFlamingo3ForConditionalGeneration) -> None:
        super().__init__()
        self.af3 = model
        self.ctc_head = nn.Linear(HIDDEN, len(CTC_LETTERS) + 1)

    def encode(self, mel: Tensor, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Audio embeddings `[batch, tokens, hidden]`, their lengths, and CTC log-probabilities
        `[batch, positions, letters]` at 50 Hz, from `mel [batch, mel, frames]`.
        """
        tower = self.af3.model.audio_tower
        hidden = nn.functional.gelu(tower.conv1(mel))
        hidden = nn.functional.gelu(tower.conv2(hidden)).transpose(1, 2)
        hidden = hidden + tower.embed_positions.weight[: hidden.shape[1]]
        positions = (frames - 1) // 2 + 1
        keep = torch.arange(hidden.shape[1])[None] < positions[:, None]
        mask = keep[:, None, None, :].expand(-1, 1, hidden.shape[1], -1)
        for layer in tower.layers:
            hidden = layer(hidden, mask)
        pooled = tower.avg_pooler(hidden.transpose(1, 2)).transpose(1, 2)
        embeds = self.af3.model.multi_modal_projector(tower.layer_norm(pooled))
        ctc = self.ctc_head(tower.layer_norm(hidden)).float().log_softmax(-1)
        return embeds, positions // 2, ctc

    def decode(self, embeds: Tensor, mask: Tensor, position_ids: Tensor, wanted: Tensor) -> Tensor:
        """Logits `[wanted, vocabulary]` at the wanted positions `[batch, length]` (bool)."""
        hidden = self.af3.model.language_model(
            inputs_embeds=embeds, attention_mask=mask, position_ids=position_ids, use_cache=False
        ).last_hidden_state
        logits: Tensor = self.af3.lm_head(hidden[wanted])
        return logits.float()


def save_checkpoint(
    model: AudioFlamingo3ForConditionalGeneration,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
) -> None:
    """Write weights (float16), configuration, tokenizer, chat template and processor."""
    state = {name: tensor.to(torch.float16) for name, tensor in model.state_dict().items()}
    model.config.dtype = torch.float16
    model.save_pretrained(folder, state_dict=state)
    AudioFlamingo3Processor(
        WhisperFeatureExtractor(feature_size=MEL_BINS), tokenizer, chat_template=CHAT_TEMPLATE
    ).save_pretrained(folder)
