"""Requests about made sounds, and the comparison of two engines' answers."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import torch
from transformers import (
    AudioFlamingo3Config,
    AudioFlamingo3ForConditionalGeneration,
    PreTrainedTokenizerFast,
)

from af3core.model.audio_limits import SAMPLE_RATE_HZ
from af3core.model.request import Answer, Engine, Request, Sound
from af3core.nano.model import new_model, save_checkpoint
from af3core.nano.scenes import make_scene
from tests.made_once import made_once

LOGPROB_TOLERANCE = 1e-4


@functools.cache
def sound_of(seconds: float, seed: int = 0) -> Sound:
    """Scenes of nano's world, one after the other, cut at so many seconds."""
    random, pieces = Random(seed), [np.zeros(0, np.float32)]
    wanted = round(seconds * SAMPLE_RATE_HZ)
    scene = make_scene(random)[0]
    while sum(map(len, pieces)) < wanted:
        pieces.append(scene if len(pieces) > 6 else make_scene(random)[0])
    return Sound(np.concatenate(pieces)[:wanted])


def answers_of(engine: Engine, requests: Sequence[Request]) -> list[Answer]:
    """Answers alone; an error fails the test."""
    results = engine.answer(requests)
    assert all(isinstance(result, Answer) for result in results), results
    return [result for result in results if isinstance(result, Answer)]


def assert_same_answers(
    ours: Sequence[Answer], theirs: Sequence[Answer], tolerance: float = LOGPROB_TOLERANCE
) -> None:
    """The same tokens, each with the same log-probability."""
    for number, (mine, yours) in enumerate(zip(ours, theirs, strict=True)):
        assert mine.token_ids == yours.token_ids, f"request {number}"
        assert mine.text == yours.text
        assert mine.finish_reason == yours.finish_reason
        np.testing.assert_allclose(mine.logprobs, yours.logprobs, atol=tolerance)


def odd_checkpoint(shared: Path, untrained: Path) -> Path:
    """A random checkpoint with grouped heads and sizes that divide nothing: 3 kv heads of 10."""
    return made_once(shared, "odd-checkpoint", lambda folder: _make_odd(folder, untrained))


def _make_odd(folder: Path, untrained: Path) -> None:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(untrained)
    torch.manual_seed(3)
    config = AudioFlamingo3Config(
        audio_config={
            "model_type": "audioflamingo3_encoder",
            "num_mel_bins": 128,
            "num_hidden_layers": 3,
            "num_attention_heads": 7,
            "intermediate_size": 52,
            "hidden_size": 42,
            "max_source_positions": 1500,
        },
        text_config={
            "model_type": "qwen2",
            "vocab_size": len(tokenizer) + 5,
            "hidden_size": 90,
            "intermediate_size": 44,
            "num_hidden_layers": 3,
            "num_attention_heads": 9,
            "num_key_value_heads": 3,
            "max_position_embeddings": 20_000,
            "rope_theta": 1_000_000.0,
            "tie_word_embeddings": False,
        },
        audio_token_id=tokenizer.convert_tokens_to_ids("<sound>"),
        projector_bias=False,
    )
    model = AudioFlamingo3ForConditionalGeneration(config)
    for weight in model.parameters():
        if weight.ndim > 1:  # wider than they are made, so that answers differ
            weight.data.normal_(0.0, 0.15)
    model.generation_config = new_model(tokenizer).generation_config
    save_checkpoint(model, tokenizer, folder)
