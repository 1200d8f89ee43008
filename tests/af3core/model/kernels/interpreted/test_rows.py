"""Norms, gates, rotary positions and the greedy choice over random shapes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.model.kernels.greedy import greedy
from af3core.model.kernels.norms import add_layer_norm, add_rms_norm, layer_norm, rms_norm
from af3core.model.kernels.rotary import rotary_and_cache
from af3core.model.kernels.swiglu import swiglu
from af3core.model.network.step_tables import PAGE_TOKENS
from tests.af3core.model.kernels import reference
from tests.af3core.model.kernels.paged import pool_of

dtypes = st.sampled_from([torch.float32, torch.bfloat16])
TOLERANCES = {torch.float32: 1e-5, torch.bfloat16: 2e-2}
"""The interpreter cuts a bfloat16's last place off (0.8 %), where a GPU rounds."""
few = settings(deadline=None, max_examples=10, derandomize=True)


def close(ours: torch.Tensor, expected: torch.Tensor) -> None:
    tolerance = TOLERANCES[ours.dtype]
    torch.testing.assert_close(ours.double(), expected.double(), atol=tolerance, rtol=tolerance)


@few
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 90), dtypes)
def test_norms(rows: int, more: int, width: int, dtype: torch.dtype) -> None:
    torch.manual_seed(width)
    hidden, residual = torch.randn(2, rows, more, width).to(dtype) * 3
    weight, bias = (torch.rand(2, width) + 0.5).to(dtype)
    close(rms_norm(hidden, weight, 1e-6), reference.rms_norm(hidden, weight, 1e-6))
    close(layer_norm(hidden, weight, bias, 1e-5), reference.layer_norm(hidden, weight, bias, 1e-5))
    total = hidden.double() + residual.double()
    for name in ("rms", "layer"):
        added = residual.clone()
        if name == "rms":
            ours = add_rms_norm(hidden, added, weight, 1e-6)
            expected = reference.rms_norm(total, weight, 1e-6)
        else:
            ours = add_layer_norm(hidden, added, weight, bias, 1e-5)
            expected = reference.layer_norm(total, weight, bias, 1e-5)
        close(ours, expected)
        close(added, total)


@few
@given(st.integers(1, 4), st.integers(1, 70), dtypes)
def test_swiglu(rows: int, inner: int, dtype: torch.dtype) -> None:
    torch.manual_seed(inner)
    gate_up = (torch.randn(rows, 2 * inner) * 4).to(dtype)
    close(swiglu(gate_up), reference.swiglu(gate_up))


@few
@given(st.integers(1, 5), st.integers(1, 3), st.integers(1, 7), st.sampled_from([2, 8, 10, 32]))
def test_rotary_and_cache(tokens: int, kv_heads: int, groups: int, size: int) -> None:
    torch.manual_seed(tokens)
    heads = kv_heads * groups
    qkv = torch.randn(tokens, (heads + 2 * kv_heads) * size)
    angles = torch.randn(tokens, size // 2).repeat(1, 2) * 9
    pool = pool_of(1, 3, kv_heads, size)
    slots = torch.randperm(2 * PAGE_TOKENS)[:tokens]
    keys, values = pool.keys[0], pool.values[0]
    ours = rotary_and_cache(qkv, angles.cos(), angles.sin(), keys, values, slots)
    rotated, value = qkv.unflatten(1, (-1, size)).split([heads + kv_heads, kv_heads], dim=1)
    expected = reference.rotate(rotated, angles.cos(), angles.sin())
    close(ours, expected)
    for stored, new in ((keys, ours[:, heads:]), (values, value)):
        flat = stored.flatten(0, 1)
        assert torch.equal(flat[slots], new)
        others = torch.ones(len(flat), dtype=torch.bool)
        others[slots] = False
        others[2 * PAGE_TOKENS :] = False
        assert bool(flat[others].isnan().all()), "nothing else is written"


@few
@given(st.integers(1, 4), st.integers(1, 9000), dtypes)
def test_greedy(rows: int, vocabulary: int, dtype: torch.dtype) -> None:
    torch.manual_seed(vocabulary)
    logits = (torch.randn(rows, vocabulary) * 5).to(dtype)
    ids, logprobs = greedy(logits)
    wide = logits.double()
    first = [int((row == row.max()).nonzero()[0]) for row in wide]
    assert ids.tolist() == first
    expected = wide.log_softmax(-1).amax(-1)
    torch.testing.assert_close(logprobs.double(), expected, atol=1e-5, rtol=1e-5)


def test_greedy_where_a_constraint_leaves_one_token() -> None:
    logits = torch.full((2, 9000), -torch.inf)
    logits[0, 8999] = logits[1, 3] = -4.0
    ids, logprobs = greedy(logits)
    assert ids.tolist() == [8999, 3]
    assert logprobs.tolist() == pytest.approx([0.0, 0.0])
