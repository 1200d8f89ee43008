"""AF3's standard job: seven questions about every segment, ours beside transformers' `generate`.

    python -m tests.benchmarks.standard_job                        nano, on the CPU
    python -m tests.benchmarks.standard_job --full --device cuda   AF3's 8.27 B parameters, random

Answers have fixed lengths (the end token is forbidden), so that both write the same.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import torch

from af3core.errors import ModelError
from af3core.model.audio_limits import SAMPLE_RATE_HZ
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.engines.transformers_engine import TransformersEngine
from af3core.model.request import Answer, Decoding, Engine, Request, Sound, Turn
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.model.weights.loading import (
    LoadedWeights,
    choose_device,
    end_ids,
    load_processor,
    load_transformers_model,
)
from tests.benchmarks.floor import floor_seconds
from tests.benchmarks.full_model import random_full_model
from tests.benchmarks.report import header, line

PROMPTS = (
    ("Please describe the audio in detail.", 96),
    ("Transcribe the input speech.", 96),
    ("What sounds can be heard in the audio?", 24),
    ("How many speakers are there?", 24),
    ("Who is speaking?", 24),
    ("Is there music in the audio?", 24),
    ("What is the speaker talking about?", 24),
)


@dataclass(frozen=True)
class Setting:
    """Sounds of a job, in seconds."""

    name: str
    lengths_s: tuple[float, ...]


def settings(count: int) -> tuple[Setting, ...]:
    """The job's three kinds of archive, with so many segments of the first two."""
    random = Random(0)
    varied = tuple(round(random.uniform(4.0, 30.0), 2) for _ in range(count))
    return (
        Setting("segments of 30 s", (30.0,) * count),
        Setting("segments of 4 to 30 s", varied),
        Setting("clips of 10 minutes", (600.0,) * max(1, count // 16)),
    )


def requests_of(setting: Setting) -> list[Request]:
    """Seven questions about each of a setting's sounds (noise: what is heard costs nothing)."""
    noise = np.random.default_rng(0)
    requests = []
    for length_s in setting.lengths_s:
        samples = noise.standard_normal(int(length_s * SAMPLE_RATE_HZ)) * 0.1
        sound = Sound(samples.astype(np.float32))
        requests += [
            Request((sound,), (Turn("user", prompt),), Decoding(tokens, min_new_tokens=tokens))
            for prompt, tokens in PROMPTS
        ]
    return requests


def timed(engine: Engine, requests: Sequence[Request]) -> tuple[float, list[Answer]]:
    """Seconds, and the answers."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    begun = time.perf_counter()
    results = engine.answer(requests)
    seconds = time.perf_counter() - begun
    for result in results:
        if isinstance(result, ModelError):
            raise result
    return seconds, [result for result in results if isinstance(result, Answer)]


def peak_bytes() -> int:
    """Most memory that was held since the start: on the GPU where there is one."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Print the table of every setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="AF3's sizes with random weights")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--dtype", default=None, choices=["float32", "bfloat16"])
    parser.add_argument("--segments", type=int, help="default: 16 on a CPU, else 64")
    parser.add_argument("--batch-tokens", type=int, default=65_536, help="of ours")
    parser.add_argument("--peer-batch-tokens", type=int, default=16_384)
    parser.add_argument("--only", type=int, choices=[1, 2, 3], help="one setting alone")
    parser.add_argument("--without-peer", action="store_true")
    options = parser.parse_args()
    device = choose_device(options.device)
    checkpoint = find_checkpoint("nano")
    processor = load_processor(checkpoint)
    dtype = options.dtype or ("bfloat16" if options.full else "float32")
    if options.full:
        model = random_full_model(processor, dtype, device)
    else:
        model = load_transformers_model(checkpoint, dtype, device)
    weights = LoadedWeights(model.config, {"base": dict(model.state_dict())}, end_ids(model))
    ours = Af3Engine(processor, weights, options.batch_tokens)
    peer = TransformersEngine(processor, model, options.peer_batch_tokens)
    header(
        f"standard job, {'AF3 full size, random weights' if options.full else 'nano'}, {dtype},"
        f" {device}",
        "torch",
        "transformers",
    )
    segments = options.segments or (16 if device.type == "cpu" else 64)
    chosen = settings(segments)
    for setting in chosen if options.only is None else [chosen[options.only - 1]]:
        measure(setting, ours, None if options.without_peer else peer, model)


def measure(setting: Setting, ours: Af3Engine, peer: Engine | None, model: Any) -> None:
    """Run one setting through both engines, and print it."""
    requests = requests_of(setting)
    audio_s = sum(setting.lengths_s)

    def speed(name: str, seconds: float, note: str) -> None:
        line(name, f"{audio_s / seconds:.0f}x", f"{seconds:.2f} s, {note}")

    print(f"{setting.name}: {len(setting.lengths_s)} x {len(PROMPTS)} questions, {audio_s:.0f} s")
    ours.answer(requests[: len(PROMPTS)])  # warm
    held_before = peak_bytes()
    seconds, answers = timed(ours, requests)
    held = peak_bytes() - held_before
    stats = ours.stats
    floor_s = floor_seconds(requests, model)
    speed("floor: operations over rate, bytes over bandwidth", floor_s, "no engine is faster")
    speed("ours", seconds, f"{floor_s / seconds:.0%} of the floor's speed")
    line("  encoding and prefill", f"{stats.prefill_s / seconds:.0%}")
    line("  decoding", f"{stats.decode_s / seconds:.0%}", f"{stats.steps} steps")
    line("  keys and values at most", f"{stats.peak_kv_bytes / 2**20:.0f} MiB")
    line(
        "  all memory beside weights, at most", f"{held / 2**20:.0f} MiB", "more than after a clip"
    )
    if peer is not None:
        peer.answer(requests[:1])  # warm
        peer_s, peer_answers = timed(peer, requests)
        same = sum(a.token_ids == b.token_ids for a, b in zip(answers, peer_answers, strict=True))
        speed(
            "peer: transformers' generate, batched", peer_s, f"{same}/{len(answers)} same answers"
        )
        line("ratio", f"{peer_s / seconds:.1f}")


if __name__ == "__main__":
    main()
