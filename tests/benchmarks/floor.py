"""What no engine can beat: operations over the measured matrix rate, bytes over the bandwidth.

Counted are the operations that the answers need once everything is shared: each window encoded
once, each prefix once, each question and answer token once; and for each step of writing the bytes
of weights, prefixes and own tokens, read once for all rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from af3core.model.audio_limits import AF3_LIMIT, audio_tokens, encoder_positions, mel_frames
from af3core.model.request import Request

_QUESTION_TOKENS = 16
"""Of a question with its chat template, about."""


def floor_seconds(requests: Sequence[Request], model: Any) -> float:
    """Operations and bytes of the requests at the rates of the model's device."""
    matrix_rate, bandwidth = _matrix_rate(model), _bandwidth(model)
    return _operations(requests, model) / matrix_rate + _bytes(requests, model) / bandwidth


def _operations(requests: Sequence[Request], model: Any) -> float:
    audio, text = model.config.audio_config, model.config.text_config
    weights = _weights(model)
    total = 0.0
    for sound in {id(s): s for r in requests for s in r.sounds}.values():
        for window in sound.windows(AF3_LIMIT):
            frames = mel_frames(len(window))
            positions, width = encoder_positions(frames), audio.hidden_size
            total += 2 * frames * 3 * audio.num_mel_bins * width + 2 * positions * 3 * width**2
            total += 2 * positions * weights["encoder"]
            total += 4 * positions**2 * width * audio.num_hidden_layers
        tokens = audio_tokens(len(sound.samples))
        total += 2 * tokens * (weights["projector"] + weights["decoder"])
        total += 2 * tokens**2 * text.hidden_size * text.num_hidden_layers
    for request in requests:
        before = sum(audio_tokens(len(sound.samples)) for sound in request.sounds)
        new = _QUESTION_TOKENS + request.decoding.max_new_tokens
        total += 2 * new * weights["decoder"]
        total += 4 * new * before * text.hidden_size * text.num_hidden_layers
        total += 2 * request.decoding.max_new_tokens * weights["head"]
    return total


def _bytes(requests: Sequence[Request], model: Any) -> float:
    text, weights = model.config.text_config, _weights(model)
    size = model.dtype.itemsize
    head = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    per_token = 2 * text.num_hidden_layers * text.num_key_value_heads * head * size
    steps = max(request.decoding.max_new_tokens for request in requests)
    total = 0.0
    for step in range(1, steps):
        live = [r for r in requests if r.decoding.max_new_tokens > step]
        prefixes = {id(s): audio_tokens(len(s.samples)) for r in live for s in r.sounds}
        own = len(live) * (_QUESTION_TOKENS + step)
        total += size * (weights["decoder"] + weights["head"])
        total += per_token * (sum(prefixes.values()) + own)
    return total


def _weights(model: Any) -> dict[str, int]:
    def count(module: Any) -> int:
        return sum(weight.numel() for weight in module.parameters())

    inner = model.model
    return {
        "encoder": count(inner.audio_tower.layers),
        "projector": count(inner.multi_modal_projector),
        "decoder": count(inner.language_model.layers),
        "head": model.lm_head.weight.numel(),
    }


def _matrix_rate(model: Any) -> float:
    """Operations a second of a large matrix product in the model's dtype."""
    size = 8192 if model.device.type == "cuda" else 2048
    square = torch.randn(size, size, dtype=model.dtype, device=model.device)
    return 2 * size**3 / _fastest(lambda: square @ square)


def _bandwidth(model: Any) -> float:
    """Bytes a second, read and written by a copy larger than any cache."""
    count = (1 << 30) if model.device.type == "cuda" else (1 << 27)
    source = torch.ones(count, dtype=torch.uint8, device=model.device)
    target = torch.empty_like(source)
    return 2 * count / _fastest(lambda: target.copy_(source))


def _fastest(run: Callable[[], object], times: int = 5) -> float:
    best = float("inf")
    for _ in range(times):
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        begun = time.perf_counter()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begun)
    return best
