"""What a model would run on."""

from __future__ import annotations

import dataclasses

import pytest

from af3core.model.cuda import GpuMemory, Gpus, TorchBuild
from beam_jobs.doctor.device import device_finding, gpu_findings
from beam_jobs.doctor.model_choice import ModelChoice
from schemas.findings import Finding

AF3 = ModelChoice("nvidia/audio-flamingo-3-hf", None, "af3", "bfloat16", "auto", 65_536)
L4 = Gpus("13.0", ("NVIDIA L4",), "", (GpuMemory(23_500_000_000, 24_000_000_000),))
TORCH = TorchBuild("13.0")


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
