"""Whether a model fits the memory that is free: by the engine's own rule."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from af3core.model.cuda import GpuMemory, Gpus
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.low_bit.int8_weight import held_bytes
from af3core.model.runtime.paged_setup import needs_of
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.model.weights.completeness import WeightFiles, check_weight_files
from af3core.model.weights.loading import load_weights
from af3core.model.weights.weight_form import form_of
from beam_jobs.doctor import memory
from beam_jobs.doctor.memory import memory_finding
from beam_jobs.doctor.model_choice import ModelChoice
from schemas.findings import Finding
from schemas.options.night import COMPUTED_BYTES, LOW_BIT, DtypeName
from tests.af3core.model.family_checkpoints import Form, checkpoint_of
from tests.beam_jobs.doctor.test_device import L4
from tests.benchmarks.full_model import full_config

WEIGHTS = WeightFiles(4, 16_536_000_000, 8_268_000_000, has_output_layer=True)


@pytest.fixture
def af3(tmp_path: Path) -> ModelChoice:
    """Of AF3's configuration, without its weights."""
    config = full_config(audio_token_id=0).to_dict() | {"model_type": "audioflamingo3"}
    (tmp_path / "config.json").write_text(json.dumps(config, default=str))
    return ModelChoice(str(tmp_path), None, "af3", "bfloat16", "auto", 65_536)


def gpu_of(free_gb: float) -> Gpus:
    return dataclasses.replace(L4, memory=(GpuMemory(round(free_gb * 1e9), 24_000_000_000),))


def found_on(choice: ModelChoice, gpu: Gpus | None, weights: WeightFiles = WEIGHTS) -> Finding:
    return memory_finding(choice, {choice.model: weights}, gpu)


@pytest.mark.parametrize(
    ("free_gb", "dtype", "status", "remedy"),
    [
        (23.5, "bfloat16", "ok", ""),
        (19.5, "bfloat16", "warning", "--max-clip-s 178, --dtype int8"),
        (19.2, "bfloat16", "failed", "use a larger machine, --dtype int8"),
        (19.5, "int8", "ok", ""),
        (13.0, "int8", "warning", "--max-clip-s 352"),
        (17.0, "bfloat16", "failed", "use a larger machine, --dtype int8"),
        (16.0, "bfloat16", "failed", "use a larger machine, --dtype int8"),
        (23.5, "float32", "failed", "use a larger machine, --dtype bfloat16"),
    ],
)
def test_memory_for_weights_and_the_pool(
    af3: ModelChoice, free_gb: float, dtype: DtypeName, status: str, remedy: str
) -> None:
    found = found_on(dataclasses.replace(af3, dtype=dtype), gpu_of(free_gb))
    assert (found.status, found.remedy) == (status, remedy), found


def test_the_line_of_memory(af3: ModelChoice) -> None:
    assert found_on(af3, gpu_of(23.5)) == Finding(
        "memory",
        "ok",
        "16.54 GB for weights in bfloat16, 23.50 GB free of the GPU's, room for 61696 tokens of"
        " keys and values and sounds of 600 s",
    )


def test_tokens_that_are_asked_for_and_do_not_fit(af3: ModelChoice) -> None:
    found = found_on(dataclasses.replace(af3, batch_tokens=100_000), gpu_of(23.5))
    assert found.status == "failed"
    assert "--batch-tokens 100000: 6.96 GB are free of the GPU's memory beside" in found.found


@pytest.mark.parametrize(
    ("free_gb", "status", "remedy"),
    [
        (23.5, "ok", ""),
        (20.0, "warning", "--batch-tokens 38684, --dtype int8"),
        (17.8, "failed", "use a larger machine, --dtype int8"),
        (17.0, "failed", "use a larger machine, --dtype int8"),
    ],
)
def test_a_host_holds_weights_a_batch_and_one_call(
    af3: ModelChoice, monkeypatch: pytest.MonkeyPatch, free_gb: float, status: str, remedy: str
) -> None:
    monkeypatch.setattr(memory, "free_host_bytes", lambda: round(free_gb * 1e9))
    found = found_on(af3, None)
    assert (found.status, found.remedy) == (status, remedy), found


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("dtype", COMPUTED_BYTES)
def test_it_reckons_with_what_the_engine_holds(
    shared: Path, untrained: Path, dtype: DtypeName, *, tied: bool
) -> None:
    """Every weight to the byte, and all that decides the pool."""
    form = Form(f"memory-{tied}", layers=3, tied=tied)
    checkpoint = find_checkpoint(str(checkpoint_of(form, shared, untrained)))
    name = str(checkpoint.folder)
    choice = ModelChoice(name, None, "af3", dtype, "cpu", 65_536)
    files = check_weight_files(name, checkpoint.folder)
    needs, for_weights = memory.needs_of_choice(choice, {name: files})
    states = load_weights(checkpoint, dtype, torch.device("cpu")).states
    assert sum(map(held_bytes, states["base"].values())) == for_weights
    engine = Af3Engine.load(checkpoint, dtype, "cpu")
    assert {"base": needs_of(engine.runners["base"].model)} == needs


def test_forms_of_numbers_are_those_that_weights_are_held_in() -> None:
    forms = {dtype: form_of(dtype) for dtype in COMPUTED_BYTES}
    assert {d: form.computed_in.itemsize for d, form in forms.items()} == COMPUTED_BYTES
    assert tuple(dtype for dtype, form in forms.items() if form.is_low_bit) == LOW_BIT
