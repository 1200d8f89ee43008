"""AF3's sizes, or small ones, with random weights, made on the device: answers are noise, cost is
not.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AudioFlamingo3Config, AudioFlamingo3ForConditionalGeneration

VOCABULARY = 151_672


def full_config(audio_token_id: int) -> AudioFlamingo3Config:
    """The sizes of nvidia/audio-flamingo-3-hf, spelt out: a bare config has other ones."""
    return AudioFlamingo3Config(
        audio_config={
            "model_type": "audioflamingo3_encoder",
            "num_mel_bins": 128,
            "num_hidden_layers": 32,
            "num_attention_heads": 20,
            "intermediate_size": 5120,
            "hidden_size": 1280,
            "max_source_positions": 1500,
        },
        text_config={
            "model_type": "qwen2",
            "vocab_size": VOCABULARY,
            "hidden_size": 3584,
            "intermediate_size": 18944,
            "num_hidden_layers": 28,
            "num_attention_heads": 28,
            "num_key_value_heads": 4,
            "max_position_embeddings": 32768,
            "rope_theta": 1_000_000.0,
            "tie_word_embeddings": False,
        },
        audio_token_id=audio_token_id,
    )


def tiny_config(processor: Any) -> AudioFlamingo3Config:
    """A few layers, narrow: every part of the full model, in a second on a CPU."""
    layers = {"num_hidden_layers": 2, "num_attention_heads": 4}
    audio = {"hidden_size": 48, "intermediate_size": 64, "num_mel_bins": 128}
    text = {"hidden_size": 64, "intermediate_size": 96, "num_key_value_heads": 2}
    return AudioFlamingo3Config(
        audio_config={
            "model_type": "audioflamingo3_encoder",
            "max_source_positions": 1500,
            **audio,
            **layers,
        },
        text_config={
            "model_type": "qwen2",
            "vocab_size": len(processor.tokenizer) + 8,
            "max_position_embeddings": 32768,
            "tie_word_embeddings": False,
            **text,
            **layers,
        },
        audio_token_id=processor.audio_token_id,
    )


def random_full_model(processor: Any, dtype: str, device: torch.device) -> Any:
    """Transformers' model of AF3's sizes with small normal weights, norms at one."""
    return random_model(full_config(processor.audio_token_id), processor, dtype, device)


def random_model(
    config: AudioFlamingo3Config, processor: Any, dtype: str, device: torch.device
) -> Any:
    """Transformers' model of a configuration with small normal weights, norms at one."""
    with torch.device("meta"):
        model = AudioFlamingo3ForConditionalGeneration(config)
    model = model.to(getattr(torch, dtype)).to_empty(device=device)
    generator = torch.Generator(device).manual_seed(0)
    for name, weight in model.named_parameters():
        if weight.ndim == 1 and name.endswith("norm.weight"):
            weight.data.fill_(1.0)
        elif weight.ndim == 1:
            weight.data.zero_()
        else:
            weight.data.normal_(0.0, 0.02, generator=generator)
    _compute_buffers(model, config)
    model.generation_config.eos_token_id = processor.tokenizer.eos_token_id
    model.generation_config.pad_token_id = processor.tokenizer.pad_token_id
    return model.eval()


def _compute_buffers(model: Any, config: Any) -> None:
    """Rotary frequencies are no weights: what was made empty is computed."""
    rotary = model.model.language_model.rotary_emb
    frequencies, _ = rotary.compute_default_rope_parameters(config.text_config)
    for name in ("inv_freq", "original_inv_freq"):
        getattr(rotary, name).copy_(frequencies)
