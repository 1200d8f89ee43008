"""Attention in two parts equals attention over all keys."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

from af3core.model.network import attention
from af3core.model.network.attention import attend, merge


@settings(deadline=None)
@given(
    st.integers(1, 3), st.integers(1, 3), st.integers(1, 9), st.integers(1, 12), st.integers(1, 7)
)
def test_parts_merge_to_the_whole(
    batch: int, heads: int, rows: int, first: int, second: int
) -> None:
    torch.manual_seed(first)
    query = torch.randn(batch, heads, rows, 8) * 4
    keys, values = torch.randn(2, batch, heads, first + second, 8)
    parts = [
        attend(query, keys[:, :, part], values[:, :, part], None)
        for part in (slice(0, first), slice(first, None))
    ]
    whole = scaled_dot_product_attention(query, keys, values, scale=1.0)
    torch.testing.assert_close(merge(*parts), whole, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("at_once", [7, 40, 500])
def test_scores_are_made_in_pieces(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    torch.manual_seed(0)
    query, keys, values = (
        torch.randn(3, 2, 5, 8),
        torch.randn(3, 2, 11, 8),
        torch.randn(3, 2, 11, 8),
    )
    mask = torch.where(torch.rand(3, 1, 5, 11) < 0.7, 0.0, -1e30)
    mask[..., 0] = 0.0
    whole = attend(query, keys, values, mask)
    monkeypatch.setattr(attention, "_SCORES_AT_ONCE", at_once)
    pieces = attend(query, keys, values, mask)
    for name in ("weighted", "peak", "total"):
        torch.testing.assert_close(getattr(pieces, name), getattr(whole, name))
