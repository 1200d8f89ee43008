"""Small random models of each architecture, for parity: ours and transformers' on one device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import transformers
from transformers import WhisperFeatureExtractor

from af3core.model.request import Request
from tests.benchmarks.full_model import tiny_config
from tests.benchmarks.gpu_figures.bench import Bench, noise, questions

_BOUNDS = (5, 6)
"""Ids of nano's tokens that stand for a sound's bounds here."""
_PROMPTS = (("Please describe the audio in detail.", 24), ("Who is speaking?", 12))
_LENGTHS_S = (2.0, 14.0, 30.0, 45.0)


def small_models(bench: Bench, dtype: str) -> Iterator[tuple[str, Any, Any]]:
    """Name, processor and model of each, on the device."""
    numbers = getattr(torch, dtype)
    for name in ("AudioFlamingo3", "MusicFlamingo"):
        processor = _processor(bench.processor, name)
        torch.manual_seed(0)
        model = getattr(transformers, f"{name}ForConditionalGeneration")(
            _config(bench.processor, name)
        )
        for weight in model.parameters():
            if weight.ndim > 1:  # wider than they are made, so that answers differ
                weight.data.normal_(0.0, 0.15)
        ends = bench.processor.tokenizer
        model.generation_config.eos_token_id = ends.eos_token_id
        model.generation_config.pad_token_id = ends.pad_token_id
        model.generation_config.do_sample = False
        yield name, processor, model.to(bench.device, numbers).eval()


def small_job() -> list[Request]:
    """Questions about sounds of one and several windows."""
    sounds = [noise(seconds, seed) for seed, seconds in enumerate(_LENGTHS_S)]
    return [request for sound in sounds for request in questions(sound, _PROMPTS)]


def _config(processor: Any, name: str) -> Any:
    config = tiny_config(processor)
    if name == "AudioFlamingo3":
        return config
    audio, text = config.audio_config.to_dict(), config.text_config.to_dict()
    return getattr(transformers, f"{name}Config")(
        audio_config=audio,
        text_config=text,
        audio_token_id=processor.audio_token_id,
        audio_bos_token_id=_BOUNDS[0],
        audio_eos_token_id=_BOUNDS[1],
    )


def _processor(nano: Any, name: str) -> Any:
    if name == "AudioFlamingo3":
        return nano
    before, after = nano.tokenizer.convert_ids_to_tokens(list(_BOUNDS))
    return getattr(transformers, f"{name}Processor")(
        WhisperFeatureExtractor(feature_size=128, chunk_length=30),
        nano.tokenizer,
        chat_template=nano.chat_template,
        audio_bos_token=before,
        audio_eos_token=after,
    )
