"""GPU and driver against torch. Where there is none, a library in C stands for the driver's."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from af3core.errors import ConfigurationError
from af3core.model import cuda
from af3core.model.cuda import (
    GpuMemory,
    Gpus,
    TorchBuild,
    gpus,
    torch_build,
    visible_gpus,
    why_no_cuda,
)
from tests.cuda_driver import show_gpus

NVIDIA = Gpus("13.0", ("NVIDIA H200",))


def test_the_driver_is_asked_for_devices_and_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    show_gpus(tmp_path, monkeypatch)
    assert gpus() == Gpus("12.8", ("NVIDIA L4", "NVIDIA L4"))
    each = GpuMemory(20_000_000_000, 24_000_000_000)
    assert gpus(with_memory=True) == Gpus("12.8", ("NVIDIA L4", "NVIDIA L4"), "", (each, each))


@pytest.mark.parametrize(
    ("visible", "wanted", "names"),
    [
        ("", "all", ("0", "1")),
        ("", 1, ("0",)),
        ("2,5", "all", ("2", "5")),
        ("GPU-8f6c, GPU-01aa", 2, ("GPU-8f6c", "GPU-01aa")),
        ("3", 2, None),
    ],
)
def test_gpus_are_named_as_cuda_names_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    visible: str,
    wanted: int | Literal["all"],
    names: tuple[str, ...] | None,
) -> None:
    show_gpus(tmp_path, monkeypatch, len(visible.split(",")) if visible else 2)
    monkeypatch.setattr(cuda, "torch_build", lambda: TorchBuild("12.8"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    if names is not None:
        assert visible_gpus(wanted) == names
        return
    with pytest.raises(ConfigurationError) as raised:
        visible_gpus(wanted)
    assert str(raised.value) == (
        "--gpus 2: this machine shows 1 (NVIDIA L4); take all, or at most 1"
    )


def test_a_drivers_error_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    show_gpus(tmp_path, monkeypatch, init=999)
    found = gpus()
    assert found == Gpus("12.8", (), "CUDA_ERROR_UNKNOWN")
    assert why_no_cuda(found, TorchBuild("12.8")) == (
        "this machine shows no CUDA device (CUDA_ERROR_UNKNOWN); use --device cpu, or a machine"
        " that has one"
    )


def test_torchs_build_is_read_without_importing_it() -> None:
    import torch

    build = torch_build()
    assert build is not None
    assert build.cuda == (torch.version.cuda or "")


@pytest.mark.parametrize(
    ("found", "build", "said"),
    [
        (NVIDIA, TorchBuild("13.0"), ""),
        (NVIDIA, TorchBuild("12.6"), ""),
        (Gpus(None), TorchBuild(rocm="6.4"), ""),
        (
            Gpus("12.8", ("NVIDIA L4",)),
            TorchBuild("13.0"),
            "the driver serves CUDA 12.8, and torch is built for 13.0; update the NVIDIA driver, or"
            " install torch for CUDA 12",
        ),
        (
            NVIDIA,
            TorchBuild(),
            "torch is built for CPUs alone; install torch for CUDA, as pytorch.org/get-started"
            " says",
        ),
        (
            Gpus(None),
            TorchBuild("13.0"),
            "this machine shows no CUDA device (no NVIDIA driver: libcuda.so.1 is missing); use"
            " --device cpu, or a machine that has one",
        ),
    ],
)
def test_why_a_gpu_cannot_be_used(found: Gpus, build: TorchBuild, said: str) -> None:
    assert why_no_cuda(found, build) == said


def test_without_torch_the_remedy_installs_it() -> None:
    said = why_no_cuda(NVIDIA, None)
    assert said.startswith("torch is not installed: ")
    assert "[model]" in said
