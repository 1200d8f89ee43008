"""Kernels compiled ahead of time by Triton's own toolchain, without a GPU, at AF3's sizes.

Each launch is the one that an operation makes: its arguments are tensors of the device `meta`, and
Triton is told that the machine has a card of the capability in question.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.runtime.driver import driver
from triton.runtime.jit import JITFunction

from af3core.model.kernels.decode_attention import launch_decode_attention
from af3core.model.kernels.flash_attention import launch_flash_attention
from af3core.model.kernels.greedy import launch_greedy
from af3core.model.kernels.norms import launch_norm
from af3core.model.kernels.rotary import launch_rotary
from af3core.model.kernels.swiglu import launch_swiglu
from af3core.model.network.step_tables import PAGE_TOKENS
from tests.af3core.model.fake_cuda import KERNELS

SHARED_BYTES = {80: 163 * 1024, 89: 99 * 1024, 90: 227 * 1024}
"""By compute capability: of a block, at most (CUDA C++ Programming Guide, technical
specifications)."""
PTXAS = Path(triton.__file__).parent / "backends/nvidia/bin/ptxas"
HIDDEN, INNER, VOCABULARY, HEADS, KV_HEADS, SIZE = 3584, 18944, 151_672, 28, 4, 128
WIDTH, ENCODER_HEADS, POSITIONS = 1280, 20, 1500


def meta(*shape: int, dtype: torch.dtype) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


def launch_rms_norms(dtype: torch.dtype) -> None:
    hidden, weight = meta(448, HIDDEN, dtype=dtype), meta(HIDDEN, dtype=dtype)
    launch_norm(hidden, None, weight, None, 1e-6)
    launch_norm(hidden, hidden, weight, None, 1e-6)


def launch_layer_norms(dtype: torch.dtype) -> None:
    hidden, weight = meta(8, POSITIONS, WIDTH, dtype=dtype), meta(WIDTH, dtype=dtype)
    launch_norm(hidden, None, weight, weight, 1e-5)
    launch_norm(hidden, hidden, weight, weight, 1e-5)


def launch_rotation(dtype: torch.dtype) -> None:
    pool = meta(4000, PAGE_TOKENS, KV_HEADS, SIZE, dtype=dtype)
    qkv = meta(448, (HEADS + 2 * KV_HEADS) * SIZE, dtype=dtype)
    angles = meta(448, SIZE, dtype=dtype)
    launch_rotary(qkv, angles, angles, pool, pool, meta(448, dtype=torch.int64))


def launch_decoder_attention(dtype: torch.dtype, clips: int = 64) -> None:
    pool = meta(4000, PAGE_TOKENS, KV_HEADS, SIZE, dtype=dtype)
    rotated = meta(448, HEADS + KV_HEADS, SIZE, dtype=dtype)
    numbers = meta(448, dtype=torch.int32)
    launch_decode_attention(
        rotated[:, :HEADS],
        pool,
        pool,
        meta(clips, 16, dtype=torch.int32),
        meta(clips, dtype=torch.int32),
        meta(clips + 1, dtype=torch.int32),
        numbers,
        meta(448, 8, dtype=torch.int32),
        numbers,
        SIZE**-0.5,
    )


def launch_windows(dtype: torch.dtype) -> None:
    joined = meta(8, POSITIONS, 3, ENCODER_HEADS, WIDTH // ENCODER_HEADS, dtype=dtype)
    launch_flash_attention(*joined.unbind(2), meta(8, dtype=torch.int32))


def launch_prefixes(dtype: torch.dtype) -> None:
    joined = meta(8, 760, HEADS + 2 * KV_HEADS, SIZE, dtype=dtype)
    launch_flash_attention(*joined.split([HEADS, KV_HEADS, KV_HEADS], dim=2), None)


LAUNCHES: dict[str, tuple[Callable[[torch.dtype], object], int]] = {
    "rms_norm": (launch_rms_norms, 2 * KERNELS["rms_norm"]),
    "layer_norm": (launch_layer_norms, 2 * KERNELS["layer_norm"]),
    "rotary_and_cache": (launch_rotation, KERNELS["rotary_and_cache"]),
    "decode_attention": (launch_decoder_attention, KERNELS["decode_attention"]),
    "decode_attention of 512 clips": (
        lambda dtype: launch_decoder_attention(dtype, 512),
        KERNELS["decode_attention"],
    ),
    "attention of windows": (launch_windows, KERNELS["flash_attention"]),
    "attention of prefixes": (launch_prefixes, KERNELS["flash_attention"]),
    "swiglu": (lambda dtype: launch_swiglu(meta(448, 2 * INNER, dtype=dtype)), KERNELS["swiglu"]),
    "greedy": (lambda dtype: launch_greedy(meta(448, VOCABULARY, dtype=dtype)), KERNELS["greedy"]),
}
"""What launches an operation's kernels, and how many those are."""


@dataclass(frozen=True)
class _Card:
    """What Triton asks a driver before it compiles."""

    capability: int

    def get_current_target(self) -> GPUTarget:
        return GPUTarget("cuda", self.capability, 32)

    def get_current_device(self) -> int:
        return self.capability  # a cache of compiled kernels for each

    def get_current_stream(self, _device: int) -> int:
        return 0


def compiled(
    launch: Callable[[torch.dtype], object],
    dtype: torch.dtype,
    card: _Card,
    patch: pytest.MonkeyPatch,
) -> list[Any]:
    """The kernels that a launch asks for, compiled and not started."""
    kernels: list[Any] = []
    run = JITFunction.run

    def compile_alone(self: Any, *arguments: Any, warmup: bool, **named: Any) -> None:
        kernels.append(run(self, *arguments, warmup=True, **named))

    patch.setattr(driver, "_active", card)
    patch.setattr(JITFunction, "run", compile_alone)
    launch(dtype)
    return kernels


def spilled_bytes(ptx: str, folder: Path) -> int:
    """Of registers, as ptxas says."""
    source = folder / "kernel.ptx"
    source.write_text(ptx)
    (architecture,) = re.findall(r"^\.target (sm_\w+)", ptx, re.MULTILINE)
    command = [str(PTXAS), "-v", f"--gpu-name={architecture}", str(source), "-o", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.findall(r"(\d+) bytes spill (?:stores|loads)", done.stderr)
    assert len(found) == 2, done.stderr
    return sum(map(int, found))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=lambda d: str(d)[6:])
@pytest.mark.parametrize("capability", SHARED_BYTES)
@pytest.mark.parametrize("name", LAUNCHES)
def test_kernels_fit_the_card(
    name: str,
    capability: int,
    dtype: torch.dtype,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "cache"))
    launch, count = LAUNCHES[name]
    kernels = compiled(launch, dtype, _Card(capability), monkeypatch)
    assert len(kernels) == count
    for kernel in kernels:
        assert kernel.metadata.shared <= SHARED_BYTES[capability]
        assert spilled_bytes(kernel.asm["ptx"], tmp_path) == 0
