"""Two rankings as one."""

from __future__ import annotations

import pytest

from beam_jobs.search.search_engine import reciprocal_rank_fusion


def test_what_both_orders_name_comes_first() -> None:
    assert reciprocal_rank_fusion([["a", "b"], ["c", "b"]]) == [
        ("b", pytest.approx(2 / 62)),
        ("a", pytest.approx(1 / 61)),
        ("c", pytest.approx(1 / 61)),
    ]


def test_one_order_alone_stays_as_it_is() -> None:
    assert [name for name, _ in reciprocal_rank_fusion([["b", "a", "c"], []])] == ["b", "a", "c"]
    assert reciprocal_rank_fusion([]) == []
