"""Voices with random weights, saved as checkpoints: sounds mean nothing, the form is real."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from transformers import (
    GenerationConfig,
    PocketTTSAudioTokenizerConfig,
    PocketTTSAudioTokenizerModel,
    PocketTTSConfig,
    PocketTTSFeatureExtractor,
    PocketTTSForConditionalGeneration,
    PocketTTSProcessor,
    PreTrainedTokenizerFast,
    VitsConfig,
    VitsModel,
    VitsTokenizer,
)

SIGNS = ["<pad>", "<unk>", *string.ascii_lowercase, *string.digits, *" .,!?'"]
_LATENTS, _WIDTH = 8, 32
_SMALL_CODEC: dict[str, Any] = {
    "hidden_size": 16,
    "num_filters": 4,
    "num_hidden_layers": 1,
    "intermediate_size": 16,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "upsample_groups": 16,
    "latent_dim": _LATENTS,
}
_SMALL_MODEL: dict[str, Any] = {
    "hidden_size": _WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": _WIDTH,
    "latent_dim": _LATENTS,
    "flow_head_config": {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "latent_dim": _LATENTS,
        "condition_dim": _WIDTH,
        "frequency_embedding_size": 16,
    },
}
_PLACES = {
    "audio_prompt_token": "<voice>",
    "audio_latent_token": "<latent>",
    "audio_prompt_bos_token": "<voice_bos>",
    "audio_bos_token": "<audio_bos>",
}
_PROMPT = (
    "{% for message in messages %}{% for item in message.content %}"
    "{% if item.type == 'audio' %}<voice_bos><voice>{% else %}{{ item.text }}{% endif %}"
    "{% endfor %}{% endfor %}<audio_bos>"
)


def save_vits(folder: Path, speakers: int = 1, full_size: bool = False) -> Path:
    """A VITS voice at 16 kHz; at full size that of MMS, 36 million parameters."""
    torch.manual_seed(0)
    folder.mkdir()
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({sign: at for at, sign in enumerate(SIGNS)}))
    VitsTokenizer(str(vocabulary), phonemize=False).save_pretrained(folder)
    if full_size:
        VitsModel(VitsConfig(vocab_size=len(SIGNS))).save_pretrained(folder)
        return folder
    config = VitsConfig(
        vocab_size=len(SIGNS),
        hidden_size=16,
        num_hidden_layers=1,
        ffn_dim=16,
        flow_size=16,
        spectrogram_bins=9,
        upsample_initial_channel=16,
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1]],
        duration_predictor_filter_channels=16,
        prior_encoder_num_flows=2,
        prior_encoder_num_wavenet_layers=1,
        posterior_encoder_num_wavenet_layers=1,
        num_speakers=speakers,
        speaker_embedding_size=4 if speakers > 1 else 0,
    )
    VitsModel(config).save_pretrained(folder)
    return folder


def save_pocket(folder: Path, do_sample: bool = False, full_size: bool = False) -> Path:
    """A Pocket TTS voice at 24 kHz, 12.5 frames a second; at full size 90 million parameters."""
    torch.manual_seed(0)
    tokenizer = _tokenizer()
    codec = PocketTTSAudioTokenizerModel(
        PocketTTSAudioTokenizerConfig(**{} if full_size else _SMALL_CODEC)
    )
    codec.save_pretrained(folder / "codec")
    codec = PocketTTSAudioTokenizerModel.from_pretrained(folder / "codec")
    ids = {
        f"{name}_id": tokenizer.convert_tokens_to_ids(getattr(tokenizer, name)) for name in _PLACES
    }
    size = {} if full_size else _SMALL_MODEL
    model = PocketTTSForConditionalGeneration(
        PocketTTSConfig(vocab_size=len(tokenizer), pad_token_id=0, **ids, **size)
    )
    torch.nn.init.normal_(model.model.bos_latent)
    # random weights would end early
    model.generation_config = GenerationConfig(
        do_sample=do_sample, min_frames_before_eos=20, pad_token_id=0
    )
    model.save_pretrained(folder)
    processor = PocketTTSProcessor(
        PocketTTSFeatureExtractor(), tokenizer, audio_tokenizer=codec, chat_template=_PROMPT
    )
    processor.save_pretrained(folder)
    return folder


def _tokenizer() -> PreTrainedTokenizerFast:
    vocabulary = {sign: at for at, sign in enumerate(SIGNS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="<unk>",
        padding_side="left",
        extra_special_tokens=_PLACES,
    )
