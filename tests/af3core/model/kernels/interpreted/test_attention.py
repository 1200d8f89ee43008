"""Attention over pages and over windows, for random shapes, lengths and groups."""

from __future__ import annotations

import importlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.model.kernels.decode_attention import (
    MOST_PREFIX_SPLITS,
    SPLIT_PAGES,
    decode_attention,
)
from af3core.model.kernels.flash_attention import flash_attention
from af3core.model.network.step_tables import PAGE_TOKENS, StepTables
from tests.af3core.model.kernels import reference
from tests.af3core.model.kernels.paged import Pages, Pool, pool_of, tables_of

TOLERANCES = {torch.float32: 1e-5, torch.float16: 5e-3}
"""The interpreter multiplies no matrices of bfloat16; a kernel does the same with float16."""
few = settings(deadline=None, max_examples=8, derandomize=True)
dtypes = st.sampled_from(list(TOLERANCES))


def filled(pool: Pool, tables: StepTables) -> tuple[torch.Tensor, torch.Tensor]:
    """The first layer, with random numbers where a prefix or a row has tokens."""
    places = [
        (pages, length)
        for table, lengths in (
            (tables.prefix_pages, tables.prefix_lengths),
            (tables.own_pages, tables.own_lengths),
        )
        for pages, length in zip(table, lengths.tolist(), strict=True)
    ]
    for tensor in (pool.keys[0], pool.values[0]):
        flat = tensor.flatten(0, 1)
        for pages, length in places:
            offsets = torch.arange(length)
            slots = pages[offsets // PAGE_TOKENS].long() * PAGE_TOKENS + offsets % PAGE_TOKENS
            flat[slots] = torch.randn(length, *flat.shape[1:]).to(flat.dtype)
    return pool.keys[0], pool.values[0]


def attended(
    query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, at: StepTables, scale: float
) -> torch.Tensor:
    return decode_attention(
        query,
        keys,
        values,
        at.prefix_pages,
        at.prefix_lengths,
        at.group_start,
        at.row_group,
        at.own_pages,
        at.own_lengths,
        scale,
    )


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[int], list[int], list[int]]:
    """Lengths of prefixes, the group of each row, and lengths of their own tokens."""
    prefixes = draw(st.lists(st.integers(0, 400), min_size=1, max_size=3))
    counts = draw(st.lists(st.integers(0, 6), min_size=len(prefixes), max_size=len(prefixes)))
    groups = [group for group, count in enumerate(counts) for _ in range(count)]
    groups = groups or [len(prefixes) - 1]
    own = draw(st.lists(st.integers(1, 150), min_size=len(groups), max_size=len(groups)))
    return prefixes, groups, own


@few
@given(batches(), st.integers(1, 2), st.integers(1, 7), st.sampled_from([8, 10, 32]), dtypes)
def test_decode_attention(
    batch: tuple[list[int], list[int], list[int]],
    kv_heads: int,
    groups: int,
    size: int,
    dtype: torch.dtype,
) -> None:
    prefixes, row_group, own = batch
    torch.manual_seed(sum(own))
    pages = Pages(60, seed=len(own))
    tables = tables_of(prefixes, row_group, own, pages, columns=(8, 4))
    keys, values = filled(pool_of(1, 60, kv_heads, size, dtype), tables)
    joined = torch.randn(len(own), (groups + 1) * kv_heads, size).to(dtype) * 2
    query = joined[:, : groups * kv_heads]  # rows lie apart, as the rotary kernel leaves them
    ours = attended(query, keys, values, tables, size**-0.5)
    expected = reference.decode_attention(query, keys, values, tables, size**-0.5)
    tolerance = TOLERANCES[dtype]
    torch.testing.assert_close(ours.double(), expected, atol=tolerance, rtol=tolerance)


def test_a_prefix_longer_than_its_splits() -> None:
    """Splits grow: 130 pages are 32 splits of 5 pages, of which 26 are used."""
    torch.manual_seed(0)
    count = MOST_PREFIX_SPLITS * SPLIT_PAGES + 2
    length = count * PAGE_TOKENS - 3
    pages = Pages(count + 40, seed=1)
    tables = tables_of([length, 3], [0, 0, 1], [70, 1, 2000], pages, columns=(count + 9, 40))
    keys, values = filled(pool_of(1, count + 40, 1, 8), tables)
    query = torch.randn(3, 2, 8)
    ours = attended(query, keys, values, tables, 0.3)
    expected = reference.decode_attention(query, keys, values, tables, 0.3)
    torch.testing.assert_close(ours.double(), expected, atol=1e-5, rtol=1e-5)


def test_a_row_is_the_same_in_any_company() -> None:
    """To the last bit: alone, in a larger bucket, and beside other clips."""
    torch.manual_seed(0)
    prefixes, own = [130, 300, 0], [5, 66, 1, 130, 7]
    pages = Pages(40, seed=2)
    tables = tables_of(prefixes, [0, 0, 1, 1, 2], own, pages, columns=(5, 3))
    keys, values = filled(pool_of(1, 40, 2, 16), tables)
    query = torch.randn(5, 6, 16)
    together = attended(query, keys, values, tables, 0.25)
    for row, group in enumerate(tables.row_group.tolist()):
        wider = torch.full((1, 6), 39, dtype=torch.int32)
        wider[0, :5] = tables.prefix_pages[group]
        alone = StepTables(
            prefix_pages=wider,
            prefix_lengths=tables.prefix_lengths[group][None],
            group_start=torch.tensor([0, 1], dtype=torch.int32),
            row_group=torch.tensor([0], dtype=torch.int32),
            own_pages=tables.own_pages[row][None],
            own_lengths=tables.own_lengths[row][None],
        )
        assert torch.equal(attended(query[row][None], keys, values, alone, 0.25)[0], together[row])


@pytest.mark.parametrize("programs", [2, 6])
def test_programs_take_items_in_turns(monkeypatch: pytest.MonkeyPatch, programs: int) -> None:
    """To the last bit as with one item each, in a bucket with room for more groups and rows."""
    torch.manual_seed(0)
    pages = Pages(60, seed=3)
    prefixes, row_group = [300, 70, 0, 0, 0, 0], [0, 0, 0, 1, 5, 5]
    tables = tables_of(prefixes, row_group, [5, 300, 1, 130, 1, 1], pages, columns=(5, 5))
    keys, values = filled(pool_of(1, 60, 2, 16), tables)
    query = torch.randn(6, 6, 16)
    one_each = attended(query, keys, values, tables, 0.25)
    module = importlib.import_module("af3core.model.kernels.decode_attention")
    monkeypatch.setattr(module, "MOST_PROGRAMS", programs)
    assert torch.equal(attended(query, keys, values, tables, 0.25), one_each)


@few
@given(
    st.lists(st.integers(1, 150), min_size=1, max_size=3),
    st.integers(1, 2),
    st.integers(1, 3),
    st.sampled_from([6, 10, 16]),
    dtypes,
    st.booleans(),
)
def test_flash_attention(
    lengths: list[int], kv_heads: int, groups: int, size: int, dtype: torch.dtype, causal: bool
) -> None:
    torch.manual_seed(sum(lengths))
    positions = max(lengths) + len(lengths) - 1
    heads = kv_heads * groups
    joined = torch.randn(len(lengths), positions, heads + 2 * kv_heads, size).to(dtype) * 2
    if not causal:  # padding is read by padding alone, and there it is any finite number
        for sequence, length in enumerate(lengths):
            joined[sequence, length:] = torch.nan
    query, keys, values = joined.split([heads, kv_heads, kv_heads], dim=2)
    real = None if causal else torch.tensor(lengths, dtype=torch.int32)
    ours = flash_attention(query, keys, values, real)
    for sequence, length in enumerate(lengths):
        within = (x[sequence, :length] for x in (query, keys, values))
        expected = reference.attention(*within, None if causal else length)
        tolerance = TOLERANCES[dtype]
        torch.testing.assert_close(
            ours[sequence, :length].double(), expected, atol=tolerance, rtol=tolerance
        )
    assert not bool(ours.isnan().any()), "padding stays finite"


def test_a_window_alone_is_the_same_as_beside_others() -> None:
    torch.manual_seed(0)
    query, keys, values = torch.randn(3, 3, 70, 2, 8).unbind()
    lengths = torch.tensor([33, 70, 1], dtype=torch.int32)
    together = flash_attention(query, keys, values, lengths)
    for window, length in enumerate(lengths.tolist()):
        one = (x[window : window + 1, :length] for x in (query, keys, values))
        alone = flash_attention(*one, lengths[window][None])
        assert torch.equal(alone[0], together[window, :length])
