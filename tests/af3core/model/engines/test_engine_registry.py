"""An engine is loaded once, and an error of loading is met once, however many clips wait for it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch

from af3core.errors import ConfigurationError, GpuFull
from af3core.model.engines import engine_registry
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.engines.engine_registry import EngineSettings, load_engine
from af3core.model.weights.checkpoint import find_checkpoint

CLIPS = 6
DEADLINE_S = 60


def test_who_waits_for_a_load_shares_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = EngineSettings("af3", find_checkpoint("nano"), "float16", "cpu", 1_024)
    begun: list[EngineSettings] = []
    load = Af3Engine.load

    def slow(*arguments: Any) -> Af3Engine:
        """Lasts until the threads of all other clips wait for it."""
        begun.append(wrong)
        until = time.monotonic() + DEADLINE_S
        (loading,) = engine_registry._engines._running.values()
        while len(loading._condition._waiters) < CLIPS - 1:  # type: ignore[attr-defined]
            assert time.monotonic() < until
            time.sleep(0.01)
        return load(*arguments)

    monkeypatch.setattr(Af3Engine, "load", slow)
    with ThreadPoolExecutor(CLIPS) as threads:
        asked = [threads.submit(load_engine, wrong) for _ in range(CLIPS)]
        errors = [one.exception() for one in asked]
    assert all(isinstance(error, ConfigurationError) for error in errors), errors
    assert len(begun) == 1

    monkeypatch.setattr(Af3Engine, "load", load)
    with pytest.raises(ConfigurationError, match="--dtype float16 is not supported"):
        load_engine(wrong)  # who comes later tries anew


def test_weights_beyond_the_memory_of_a_gpu_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*arguments: Any) -> Af3Engine:
        raise torch.OutOfMemoryError(
            "CUDA out of memory. Tried to allocate 1.02 GiB. GPU 0 has a total capacity of 7 GiB"
        )

    monkeypatch.setattr(Af3Engine, "load", load)
    settings = EngineSettings("af3", find_checkpoint("nano"), "float32", "cpu", 1_025)
    with pytest.raises(GpuFull) as caught:
        load_engine(settings)
    assert str(caught.value) == (
        f"--model {settings.checkpoint.name} in float32: CUDA out of memory while it was loaded;"
        " end what else runs on the GPU, use a larger one, or a smaller --dtype or --batch-tokens"
    )
