"""The kernel for CUDA: by Triton's interpreter against the product, and compiled without a GPU."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("triton")

INTERPRETED = """
import torch
from af3core.model.low_bit.int8_kernel import int8_product
from af3core.model.low_bit.int8_weight import to_int8
made = torch.Generator().manual_seed(0)
for rows, inputs, outputs in ((1, 1, 1), (3, 130, 70), (17, 256, 64), (64, 96, 200), (100, 33, 65)):
    # numpy, which the interpreter computes with, has no bfloat16
    for dtype in (torch.float32, torch.float16):
        weight = to_int8(torch.randn(outputs, inputs, generator=made), dtype)
        activations = torch.randn(rows, inputs, generator=made).to(dtype)
        product = int8_product(activations, weight.numbers, weight.scales)
        exact = activations.float() @ weight.numbers.float().T * weight.scales.float()
        near = 1e-3 if dtype == torch.float32 else 0.01 * float(exact.abs().max())
        torch.testing.assert_close(product.float(), exact, atol=near, rtol=0.01)
print("same")
"""
COMPILED = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from af3core.model.low_bit.int8_kernel import _INPUTS, _OUTPUTS, _product
signature = {
    "activations": "*bf16", "numbers": "*i8", "scales": "*bf16", "product": "*bf16",
    "row_count": "i32", "output_count": "i32", "input_count": "i32",
    "ROWS": "constexpr", "OUTPUTS": "constexpr", "INPUTS": "constexpr",
}
for rows in (16, 64):
    constants = {"ROWS": rows, "OUTPUTS": _OUTPUTS, "INPUTS": _INPUTS}
    source = ASTSource(_product, signature, constants)
    for capability in (80, 89, 90):
        made = triton.compile(source, target=GPUTarget("cuda", capability, 32))
        print(rows, capability, made.metadata.shared, ".local" in made.asm["ptx"])
"""


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_interpreted_kernel_gives_the_product() -> None:
    assert run(INTERPRETED, TRITON_INTERPRET="1") == "same\n"


def test_it_is_compiled_for_cards_of_24_and_48_gb_within_their_shared_memory() -> None:
    lines = run(COMPILED).splitlines()
    assert len(lines) == 6
    for line in lines:
        _rows, _capability, shared, spills = line.split()
        assert int(shared) <= 99 * 1024, line
        assert spills == "False", line
