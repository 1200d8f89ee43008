"""Weights are held once: what is joined does not stay beside its parts."""

from __future__ import annotations

import weakref
from pathlib import Path

import pytest
import torch

from af3core.errors import GpuMissing
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.model.weights.loading import choose_device, load_processor, load_weights


def test_joined_weights_do_not_stay_beside_their_parts(untrained: Path) -> None:
    checkpoint = find_checkpoint(str(untrained))
    weights = load_weights(checkpoint, "float32", torch.device("cpu"))
    count = sum(weight.numel() for weight in weights.states["base"].values())
    layer = "model.language_model.layers.0."
    gate = weakref.ref(weights.states["base"][f"{layer}mlp.gate_proj.weight"])
    down = weakref.ref(weights.states["base"][f"{layer}mlp.down_proj.weight"])
    engine = Af3Engine(load_processor(checkpoint), weights)
    assert gate() is None
    assert down() is None, "the module holds a parameter of the same storage"
    assert weights.states["base"] == {}
    parameters = sum(p.numel() for p in engine.runners["base"].model.parameters())
    assert parameters == count + 4 * 256, "all of them, and zeros for the encoder's key biases"


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_missing_device_is_said() -> None:
    with pytest.raises(GpuMissing, match=r"--device cuda: torch finds no CUDA device \("):
        choose_device("cuda")
