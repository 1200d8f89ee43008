"""Random pools and tables for tests: pages in any order, NaN wherever nothing was stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from af3core.model.network.step_tables import PAGE_TOKENS, StepTables


@dataclass(frozen=True)
class Pool:
    """Keys and values of each layer; the last page is the spare one."""

    keys: list[Tensor]
    values: list[Tensor]


def pool_of(
    layers: int, pages: int, kv_heads: int, size: int, dtype: torch.dtype = torch.float32
) -> Pool:
    """NaN throughout, but for the spare page."""
    shape = (pages, PAGE_TOKENS, kv_heads, size)
    both = [[torch.full(shape, torch.nan, dtype=dtype) for _ in range(layers)] for _ in "kv"]
    for tensor in [*both[0], *both[1]]:
        tensor[-1] = 0.0
    return Pool(*both)


class Pages:
    """Hands pages out, in an order of its own."""

    def __init__(self, pages: int, seed: int) -> None:
        self.free = list(range(pages - 1))
        self.spare = pages - 1
        Random(seed).shuffle(self.free)

    def of(self, tokens: int) -> list[int]:
        """For so many tokens."""
        return [self.free.pop() for _ in range(-(-tokens // PAGE_TOKENS))]


def table_of(pages: Sequence[Sequence[int]], spare: int, columns: int) -> Tensor:
    """`[len(pages), columns]` int32, the spare page where nothing is."""
    rows = [[*row, *[spare] * (columns - len(row))] for row in pages]
    return torch.tensor(rows, dtype=torch.int32)


def tables_of(
    prefix_lengths: Sequence[int],
    row_group: Sequence[int],
    own_lengths: Sequence[int],
    pages: Pages,
    columns: tuple[int, int],
) -> StepTables:
    """Tables with pages of their own for every prefix and row; `columns`: of a prefix, of a row."""
    groups = len(prefix_lengths)
    return StepTables(
        prefix_pages=table_of([pages.of(n) for n in prefix_lengths], pages.spare, columns[0]),
        prefix_lengths=torch.tensor(prefix_lengths, dtype=torch.int32),
        group_start=torch.tensor(
            [sum(g < group for g in row_group) for group in range(groups + 1)], dtype=torch.int32
        ),
        row_group=torch.tensor(row_group, dtype=torch.int32),
        own_pages=table_of([pages.of(n) for n in own_lengths], pages.spare, columns[1]),
        own_lengths=torch.tensor(own_lengths, dtype=torch.int32),
    )
