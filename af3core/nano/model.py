"""Nano's sizes, its forward pass for training, and its checkpoint in transformers' format."""

from __future__ import annotations

from dataclasses import dataclass
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

from af3core.nano.targets import BEDS, HEARD, PHONES, SPEAKERS
from af3core.nano.tokenizer import CHAT_TEMPLATE, END_OF_TEXT, IM_END, SOUND
from af3core.nano.training_data import MEL_BINS

HIDDEN = 256
_PHONE_LAYER = 2
"""Phones are read after so many of the encoder's layers, words after the last."""
_OPTION_LAYER = 3
"""Whether an option is right is read after so many of the decoder's layers."""


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


def load_model(folder: Path) -> AudioFlamingo3ForConditionalGeneration:
    """A checkpoint's weights in float32, to train on from."""
    model: AudioFlamingo3ForConditionalGeneration
    model = AudioFlamingo3ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    return model


def _sinusoids(length: int, channels: int) -> Tensor:
    """Whisper's fixed positions `[length, channels]` (openai/whisper, model.py)."""
    steps = torch.exp(-torch.arange(channels // 2) * (9.2103 / (channels // 2 - 1)))
    angles = torch.arange(length)[:, None] * steps[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


@dataclass(frozen=True)
class EncoderOutput:
    """What the encoder gives: `embeds [batch, tokens, hidden]` for the decoder, `counts [batch]` of
    the tokens that are not padding, and logits `[batch, tokens, classes]` of the training targets
    (phones at twice the token rate).
    """

    embeds: Tensor
    counts: Tensor
    heard: Tensor
    speaker: Tensor
    bed: Tensor
    phones: Tensor


class TrainingModel(nn.Module):
    """The model with linear heads on the encoder, run on real lengths.

    The released forward pads every window to 30 s and masks the padding; leaving the padding out
    gives the same numbers and several times the speed. The heads are not part of the checkpoint.
    """

    def __init__(self, model: AudioFlamingo3ForConditionalGeneration) -> None:
        super().__init__()
        self.af3 = model
        self.heard_head = nn.Linear(HIDDEN, len(HEARD))
        self.speaker_head = nn.Linear(HIDDEN, len(SPEAKERS))
        self.bed_head = nn.Linear(HIDDEN, len(BEDS))
        self.option_norm = nn.LayerNorm(HIDDEN)
        self.option_head = nn.Linear(HIDDEN, 2)
        self.phone_norm = nn.LayerNorm(HIDDEN)
        self.phone_head = nn.Linear(HIDDEN, len(PHONES))
        for head in self.children():
            if isinstance(head, nn.Linear):  # at zero a new head cannot harm trained layers
                nn.init.zeros_(head.weight)

    def encode(self, mel: Tensor, frames: Tensor) -> EncoderOutput:
        """The encoder on `mel [batch, mel, frames]`, whose real lengths are `frames [batch]`."""
        tower = self.af3.model.audio_tower
        hidden = nn.functional.gelu(tower.conv1(mel))
        hidden = nn.functional.gelu(tower.conv2(hidden)).transpose(1, 2)
        hidden = hidden + tower.embed_positions.weight[: hidden.shape[1]]
        positions = (frames - 1) // 2 + 1
        mask = None
        if int(positions.min()) < hidden.shape[1]:
            keep = torch.arange(hidden.shape[1])[None] < positions[:, None]
            mask = keep[:, None, None, :].expand(-1, 1, hidden.shape[1], -1)
        phones = hidden
        for number, layer in enumerate(tower.layers, start=1):
            hidden = layer(hidden, mask)
            if number == _PHONE_LAYER:
                phones = hidden
        pooled = tower.avg_pooler(hidden.transpose(1, 2)).transpose(1, 2)
        pooled = tower.layer_norm(pooled)
        return EncoderOutput(
            embeds=self.af3.model.multi_modal_projector(pooled),
            counts=positions // 2,
            heard=self.heard_head(pooled),
            speaker=self.speaker_head(pooled),
            bed=self.bed_head(pooled),
            phones=self.phone_head(self.phone_norm(phones)),
        )

    def decode(
        self, embeds: Tensor, mask: Tensor, position_ids: Tensor, wanted: Tensor, options: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits `[wanted, vocabulary]` and `[options, 2]` (wrong, right) at the positions that
        the masks `[batch, length]` choose.
        """
        given = self.af3.model.language_model(
            inputs_embeds=embeds,
            attention_mask=mask,
            position_ids=position_ids,
            use_cache=False,
            output_hidden_states=True,
        )
        logits: Tensor = self.af3.lm_head(given.last_hidden_state[wanted])
        judged = self.option_head(self.option_norm(given.hidden_states[_OPTION_LAYER][options]))
        return logits.float(), judged.float()


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
