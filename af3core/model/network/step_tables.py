"""Where a step's rows find their keys and values: tables of pages, as tensors of fixed shape.

A pool holds keys and values of a layer as `[pages, PAGE_TOKENS, kv_heads, head_dim]`. A row reads
the prefix of its group (a clip, shared by all of its questions) and then its own tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor

PAGE_TOKENS = 64
"""Tokens of a page."""


class PagedKeysValues(Protocol):
    """Keys and values of each layer `[pages, PAGE_TOKENS, kv_heads, head_dim]`, contiguous."""

    @property
    def keys(self) -> Sequence[Tensor]: ...

    @property
    def values(self) -> Sequence[Tensor]: ...


@dataclass(frozen=True)
class StepTables:
    """Tables of one step, all on the device; shapes are those of a bucket, so that a recorded step
    serves every content.

    Rows stand by group. A row that is not in use points to a spare page, has an own length of 1 and
    belongs to the last group; a group that is not in use has no rows.

    Attributes:
        prefix_pages: pages of each group's prefix `[groups, most_prefix_pages]` int32.
        prefix_lengths: its tokens `[groups]` int32; 0 is allowed.
        group_start: the first row of each group, then the count of rows `[groups + 1]` int32.
        row_group: the group of each row `[rows]` int32.
        own_pages: pages of each row's own tokens `[rows, most_own_pages]` int32.
        own_lengths: its own tokens, the new one included `[rows]` int32; at least 1.
    """

    prefix_pages: Tensor
    prefix_lengths: Tensor
    group_start: Tensor
    row_group: Tensor
    own_pages: Tensor
    own_lengths: Tensor

    @property
    def rows(self) -> int:
        """Rows of the bucket, those not in use included."""
        return len(self.row_group)

    def slots(self) -> Tensor:
        """Where each row's new token is stored: page * PAGE_TOKENS + offset `[rows]` int64."""
        place = self.own_lengths.long() - 1
        page = self.own_pages.gather(1, (place // PAGE_TOKENS)[:, None])[:, 0]
        return page.long() * PAGE_TOKENS + place % PAGE_TOKENS

    def positions(self) -> Tensor:
        """Of each row's new token in its conversation `[rows]` int64."""
        return self.prefix_lengths[self.row_group].long() + self.own_lengths - 1
