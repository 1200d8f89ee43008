"""What a model would run on, and whether it fits there."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from af3core.model.cuda import GpuMemory, Gpus, TorchBuild
from af3core.model.weights.completeness import WeightFiles
from beam_jobs.doctor.device import device_finding, gpu_findings, memory_finding, token_bytes
from beam_jobs.doctor.model_choice import ModelChoice
from schemas.findings import Finding

AF3 = ModelChoice("nvidia/audio-flamingo-3-hf", None, "af3", "bfloat16", "auto", 65_536)
WEIGHTS = WeightFiles(4, 16_536_000_000, 8_268_000_000)
DECODER = {
    "text_config": {
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "vocab_size": 151_672,
    }
}
"""Of AF3: Qwen2.5-7B."""
L4 = Gpus("13.0", ("NVIDIA L4",), "", (GpuMemory(23_500_000_000, 24_000_000_000),))
TORCH = TorchBuild("13.0")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(DECODER))
    return tmp_path


def test_a_token_of_af3_takes_56_kib() -> None:
    assert token_bytes(DECODER, 2) == 56 * 1024


@pytest.mark.parametrize(
    ("device", "found", "build", "finding"),
    [
        ("auto", L4, TORCH, ("ok", "1 x NVIDIA L4, driver for CUDA 13.0, torch for 13.0")),
        ("cpu", L4, TORCH, ("ok", "cpu, as --device says")),
        ("auto", L4, TorchBuild(), ("warning", "the GPU is not used: torch is built for CPUs")),
        ("cuda", L4, TorchBuild(), ("failed", "--device cuda: torch is built for CPUs alone")),
        ("auto", Gpus(None), TORCH, ("warning", "no GPU; nvidia/audio-flamingo-3-hf on a CPU")),
        ("auto", L4, None, ("failed", "torch is not installed")),
    ],
)
def test_devices(
    device: str, found: Gpus, build: TorchBuild | None, finding: tuple[str, str]
) -> None:
    made = device_finding(dataclasses.replace(AF3, device=device), found, build)
    assert (made.status, made.found[: len(finding[1])]) == finding
    assert bool(made.remedy) == (made.status != "ok")


@pytest.mark.parametrize(
    ("free_gb", "dtype", "status", "remedy"),
    [
        (23.5, "bfloat16", "ok", ""),
        (20.0, "bfloat16", "warning", "--batch-tokens 31570, --dtype int8"),
        (20.0, "int8", "ok", ""),
        (14.0, "int8", "warning", "--batch-tokens 62537"),
        (16.0, "bfloat16", "failed", "use a larger machine, --dtype int8"),
        (23.5, "float32", "failed", "use a larger machine, --dtype bfloat16"),
    ],
)
def test_memory_for_weights_and_batch(
    folder: Path, free_gb: float, dtype: str, status: str, remedy: str
) -> None:
    choice = dataclasses.replace(AF3, dtype=dtype)
    gpu = dataclasses.replace(L4, memory=(GpuMemory(round(free_gb * 1e9), 24_000_000_000),))
    found = memory_finding(choice, [WEIGHTS], folder, gpu)
    assert (found.status, found.remedy) == (status, remedy)


def test_the_line_of_memory(folder: Path) -> None:
    assert memory_finding(AF3, [WEIGHTS], folder, L4) == Finding(
        "memory",
        "ok",
        "16.54 GB for weights in bfloat16, 5.41 GB for a batch of 65536 tokens, 23.50 GB free of"
        " the GPU's",
    )


def test_each_of_several_gpus_has_a_line() -> None:
    two = Gpus(
        "13.0",
        ("NVIDIA L4", "NVIDIA L40S"),
        "",
        (GpuMemory(23_500_000_000, 24_000_000_000), GpuMemory(1_000_000_000, 48_000_000_000)),
    )
    assert list(gpu_findings(two)) == [
        Finding("gpu 0", "ok", "NVIDIA L4, 23.50 of 24.00 GB free"),
        Finding("gpu 1", "ok", "NVIDIA L40S, 1.00 of 48.00 GB free"),
    ]
    assert list(gpu_findings(L4)) == []
