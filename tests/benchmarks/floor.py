"""What no engine can beat: operations over the measured matrix rate, bytes over the bandwidth, and
the launches of a step that is as fused as a layer can be.

Counted are the operations that the answers need once everything is shared: each window encoded
once, each prefix once, each question and answer token once; for each step of writing the bytes of
weights, prefixes and own tokens, read once for all rows; and for each step ten operations a layer,
each as long as the smallest one takes behind another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from af3core.model.audio_limits import AF3_LIMIT, audio_tokens, encoder_positions, mel_frames
from af3core.model.request import Request

_QUESTION_TOKENS = 16
"""Of a question with its chat template, about."""
LAYER_OPERATIONS = 10
"""Of a step: norm, products of query, key and value, rotation with the cache's write, attention and
its merge, output, norm, gate with up, their product, down."""
STEP_OPERATIONS = 4
"""Embeddings, the last norm, the output layer, the choice of a token."""
_LAUNCHES = 512


@dataclass(frozen=True)
class Rates:
    """Of a device, as measured.

    Attributes:
        operations_per_s: of a large matrix product in the model's dtype.
        bytes_per_s: read and written by a copy larger than any cache.
        operation_s: the smallest operation behind another, replayed from a graph on CUDA.
    """

    operations_per_s: float
    bytes_per_s: float
    operation_s: float


@dataclass(frozen=True)
class Floor:
    """Seconds of each phase at a device's rates; `launches_s` is a part of `decode_s`."""

    encode_s: float
    prefill_s: float
    decode_s: float
    launches_s: float

    @property
    def total_s(self) -> float:
        return self.encode_s + self.prefill_s + self.decode_s


def floor_seconds(requests: Sequence[Request], model: Any) -> float:
    """All phases of the requests at the rates of the model's device, measured now."""
    return floor_of(requests, model, measured_rates(model)).total_s


def floor_of(requests: Sequence[Request], model: Any, rates: Rates) -> Floor:
    """Operations, bytes and launches of the requests at these rates."""
    per_s = rates.operations_per_s
    launches_s = _steps(requests) * _step_operations(model) * rates.operation_s
    written_s = _bytes(requests, model) / rates.bytes_per_s
    return Floor(
        encode_s=_encoder_operations(requests, model) / per_s,
        prefill_s=_prefix_operations(requests, model) / per_s,
        decode_s=_own_operations(requests, model) / per_s + written_s + launches_s,
        launches_s=launches_s,
    )


def measured_rates(model: Any) -> Rates:
    """What the model's device does at most."""
    return Rates(_matrix_rate(model), _bandwidth(model), _operation_seconds(model))


def _encoder_operations(requests: Sequence[Request], model: Any) -> float:
    audio, layers = model.config.audio_config, _weights(model)["encoder"]
    width, total = audio.hidden_size, 0.0
    for sound in _sounds(requests):
        for window in sound.windows(AF3_LIMIT):
            frames = mel_frames(len(window))
            positions = encoder_positions(frames)
            total += 2 * frames * 3 * audio.num_mel_bins * width + 2 * positions * 3 * width**2
            total += 2 * positions * layers
            total += 4 * positions**2 * width * audio.num_hidden_layers
    return total


def _prefix_operations(requests: Sequence[Request], model: Any) -> float:
    text, weights = model.config.text_config, _weights(model)
    total = 0.0
    for sound in _sounds(requests):
        tokens = audio_tokens(len(sound.samples))
        total += 2 * tokens * (weights["projector"] + weights["decoder"])
        total += 2 * tokens**2 * text.hidden_size * text.num_hidden_layers
    return total


def _own_operations(requests: Sequence[Request], model: Any) -> float:
    """Of questions and answers."""
    text, weights = model.config.text_config, _weights(model)
    total = 0.0
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
    total = 0.0
    for step in range(1, _steps(requests) + 1):
        live = [r for r in requests if r.decoding.max_new_tokens > step]
        prefixes = {id(s): audio_tokens(len(s.samples)) for r in live for s in r.sounds}
        own = len(live) * (_QUESTION_TOKENS + step)
        total += size * (weights["decoder"] + weights["head"])
        total += per_token * (sum(prefixes.values()) + own)
    return total


def _steps(requests: Sequence[Request]) -> int:
    """Of writing; the first token comes of the question."""
    return max(request.decoding.max_new_tokens for request in requests) - 1


def _step_operations(model: Any) -> int:
    return int(LAYER_OPERATIONS * model.config.text_config.num_hidden_layers + STEP_OPERATIONS)


def _sounds(requests: Sequence[Request]) -> list[Any]:
    return list({id(s): s for r in requests for s in r.sounds}.values())


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
    size = 8192 if model.device.type == "cuda" else 2048
    square = torch.randn(size, size, dtype=model.dtype, device=model.device)
    return 2 * size**3 / _fastest(lambda: square @ square)


def _bandwidth(model: Any) -> float:
    count = (1 << 30) if model.device.type == "cuda" else (1 << 27)
    source = torch.ones(count, dtype=torch.uint8, device=model.device)
    target = torch.empty_like(source)
    return 2 * count / _fastest(lambda: target.copy_(source))


def _operation_seconds(model: Any) -> float:
    small = torch.zeros(16, device=model.device)

    def run() -> None:
        for _ in range(_LAUNCHES):
            small.add_(1.0)

    with torch.inference_mode():
        if small.is_cuda:
            return _fastest(_graph_of(run).replay) / _LAUNCHES
        return _fastest(run) / _LAUNCHES


def _graph_of(run: Callable[[], None]) -> torch.cuda.CUDAGraph:
    run()  # warm
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph


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
