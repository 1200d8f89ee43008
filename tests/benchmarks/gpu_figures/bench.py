"""What the rows measure: models with random weights, made once on the device, and their work."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from af3core.errors import ModelError
from af3core.model.audio_limits import SAMPLE_RATE_HZ
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.engines.transformers_engine import TransformersEngine
from af3core.model.request import Answer, Decoding, Engine, Request, Sound, Turn
from af3core.model.weights.checkpoint import Checkpoint, nano_folder
from af3core.model.weights.loading import LoadedWeights, end_ids, load_processor
from af3core.model.weights.weight_form import form_of
from tests.benchmarks.floor import Rates, measured_rates
from tests.benchmarks.full_model import full_config, random_model, tiny_config
from tests.benchmarks.standard_job import PROMPTS, Setting

BATCH_TOKENS, PEER_BATCH_TOKENS = 65_536, 16_384


@dataclass
class Bench:
    """The device with what runs on it.

    Attributes:
        device: of all.
        is_tiny: small sizes and little work, for a test of the rows.
    """

    device: torch.device
    is_tiny: bool

    @property
    def dtype(self) -> str:
        return "float32" if self.is_tiny else "bfloat16"

    @property
    def segments(self) -> int:
        """Of a setting."""
        return 2 if self.is_tiny else 64

    @functools.cached_property
    def processor(self) -> Any:
        """Nano's: its files are read where they lie, whatever else is not installed."""
        return load_processor(Checkpoint("nano", "", nano_folder(), ""))

    @functools.cached_property
    def model(self) -> Any:
        """Transformers' model of AF3's sizes."""
        processor = self.processor
        config = tiny_config(processor) if self.is_tiny else full_config(processor.audio_token_id)
        return random_model(config, processor, self.dtype, self.device)

    @functools.cached_property
    def ours(self) -> Af3Engine:
        return self.engine_of(self.model, self.processor)

    @functools.cached_property
    def peer(self) -> TransformersEngine:
        return TransformersEngine(self.processor, self.model, PEER_BATCH_TOKENS)

    @functools.cached_property
    def rates(self) -> Rates:
        return measured_rates(self.model)

    def engine_of(self, model: Any, processor: Any, dtype: str | None = None) -> Af3Engine:
        """Our engine over a model's weights, in another form of them where one is named."""
        state = dict(model.state_dict())
        if dtype is not None:
            keep = form_of(dtype).keep
            state = {name: keep(name, weight) for name, weight in state.items()}
        weights = LoadedWeights(model.config, {"base": state}, end_ids(model))
        return Af3Engine(processor, weights, BATCH_TOKENS)

    def setting(self, name: str, shortest_s: float, longest_s: float) -> Setting:
        """So many segments between two lengths, the same at each call."""
        shrunk = 0.2 if self.is_tiny else 1.0
        lengths = np.random.default_rng(0).uniform(shortest_s, longest_s, self.segments) * shrunk
        return Setting(name, tuple(round(float(length), 2) for length in lengths))

    def job(self, setting: Setting) -> list[Request]:
        """The standard job's questions about each sound; with tiny sizes their answers are
        short.
        """
        return [
            request
            for number, seconds in enumerate(setting.lengths_s)
            for request in questions(noise(seconds, number), self._prompts())
        ]

    def _prompts(self) -> Sequence[tuple[str, int]]:
        return [(prompt, tokens // 8 if self.is_tiny else tokens) for prompt, tokens in PROMPTS]

    def captions(self, count: int, seconds: float, tokens: int) -> list[Request]:
        """One question about each of so many sounds, all with answers of this length."""
        seconds, tokens = (seconds / 5, max(2, tokens // 8)) if self.is_tiny else (seconds, tokens)
        prompts = [(PROMPTS[0][0], tokens)]
        return [r for n in range(count) for r in questions(noise(seconds, n), prompts)]

    def seconds_of(self, engine: Engine, requests: Sequence[Request]) -> float:
        """Wall time of one call, until the device is done."""
        return self.timed(engine, requests)[0]

    def timed(self, engine: Engine, requests: Sequence[Request]) -> tuple[float, list[Answer]]:
        """Wall time of one call, and its answers.

        Raises:
            ModelError: a request could not be answered.
        """
        self.wait()
        begun = time.perf_counter()
        results = engine.answer(requests)
        self.wait()
        seconds = time.perf_counter() - begun
        for result in results:
            if isinstance(result, ModelError):
                raise result
        return seconds, [result for result in results if isinstance(result, Answer)]

    def wait(self) -> None:
        """Until the device has done all that it was told."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def noise(seconds: float, seed: int) -> Sound:
    """What is heard costs nothing."""
    samples = np.random.default_rng(seed).standard_normal(int(seconds * SAMPLE_RATE_HZ)) * 0.1
    return Sound(samples.astype(np.float32))


def questions(sound: Sound, prompts: Sequence[tuple[str, int]]) -> list[Request]:
    """Requests with answers of fixed lengths."""
    return [
        Request((sound,), (Turn("user", prompt),), Decoding(tokens, min_new_tokens=tokens))
        for prompt, tokens in prompts
    ]
