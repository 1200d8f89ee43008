"""The KV cache of one batch: clips of like length, and the questions behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from af3core.model.model_sizes import head_dim
from af3core.model.network.attention import PartialAttention, attend, merge

_MASKED = -1e30
"""Added to the score of a key that a row does not see; finite, so that nothing becomes NaN."""


@dataclass(frozen=True)
class Placement:
    """New tokens of a batch, packed, and what each layer needs to know of them.

    Attributes:
        row, offset: of each token: its row, and its place among the row's new ones `[tokens]`.
        place: where its key and value are stored in the row `[tokens]`.
        position: in the conversation `[tokens]`.
        longest: most new tokens of a row.
        span: how far rows reach with them.
        mask: `[rows, 1, longest * groups, span]`: a token sees its row up to itself.
    """

    row: Tensor
    offset: Tensor
    place: Tensor
    position: Tensor
    longest: int
    span: int
    mask: Tensor

    @property
    def count(self) -> int:
        return len(self.row)


class KvCache:
    """Keys and values of one batch: each clip's prefix once, and every question's own tokens.

    Args:
        config: of the checkpoint.
        prefix_lengths: tokens of each clip's prefix.
        clip_of_row: the clip of each question; questions of a clip stand together.
        capacity: most tokens of a question and its answer.
        like: a weight, for device and dtype.

    Attributes:
        lengths: each row's own tokens so far `[rows]`.
        longest_row: the longest of them, known without asking the device.
    """

    def __init__(
        self,
        config: Any,
        prefix_lengths: list[int],
        clip_of_row: list[int],
        capacity: int,
        like: Tensor,
    ) -> None:
        text = config.text_config
        heads = text.num_key_value_heads
        size = head_dim(text)
        clips, rows, longest = len(prefix_lengths), len(clip_of_row), max(prefix_lengths)
        layers = range(text.num_hidden_layers)
        self._groups = text.num_attention_heads // heads
        self._scale = size**-0.5
        self.prefix_keys = [like.new_zeros(clips, heads, longest, size) for _ in layers]
        self.prefix_values = [like.new_zeros(clips, heads, longest, size) for _ in layers]
        self.keys = [like.new_zeros(rows, heads, capacity, size) for _ in layers]
        self.values = [like.new_zeros(rows, heads, capacity, size) for _ in layers]
        self.lengths = torch.zeros(rows, dtype=torch.long, device=like.device)
        self.capacity = capacity
        self.longest_row = 0
        self._place_rows(torch.tensor(prefix_lengths, device=like.device), clip_of_row)

    @property
    def rows(self) -> int:
        return len(self.lengths)

    @property
    def kv_bytes(self) -> int:
        """Bytes of all keys and values."""
        groups = (self.prefix_keys, self.prefix_values, self.keys, self.values)
        return sum(tensor.nbytes for tensors in groups for tensor in tensors)

    def _place_rows(self, prefix_lengths: Tensor, clip_of_row: list[int]) -> None:
        device, longest = prefix_lengths.device, self.prefix_keys[0].shape[2]
        counts = [0] * len(prefix_lengths)
        places = []
        for clip in clip_of_row:
            places.append(counts[clip])
            counts[clip] += 1
        self._clips, self._most_rows = len(counts), max(counts)
        slots = [c * self._most_rows + p for c, p in zip(clip_of_row, places, strict=True)]
        full = slots == list(range(len(counts) * self._most_rows))
        self._slots = None if full else torch.tensor(slots, device=device)
        self._clip_of_row = torch.tensor(clip_of_row, device=device)
        self._every_row = torch.arange(len(clip_of_row), device=device)
        self._prefix_lengths = prefix_lengths
        places_seen = torch.arange(longest, device=device) < prefix_lengths[:, None]
        unseen = torch.where(places_seen, 0.0, _MASKED)[:, None, None]
        self._prefix_mask = None if bool(places_seen.all()) else unseen

    def place(self, row: Tensor, offset: Tensor, longest: int, span: int) -> Placement:
        """Where new tokens stand; `row` and `offset` as in Placement."""
        place = (self.lengths[row] + offset).clamp_(max=self.capacity - 1)
        position = self._prefix_lengths[self._clip_of_row[row]] + place
        offsets = torch.arange(longest, device=row.device)
        last = (self.lengths[:, None] + offsets).repeat_interleave(self._groups, dim=1)
        seen = torch.arange(span, device=row.device) <= last[..., None]
        mask = torch.where(seen, 0.0, _MASKED)[:, None]
        return Placement(row, offset, place, position, longest, span, mask)

    def place_next(self) -> Placement:
        """One new token behind every row."""
        offset = torch.zeros_like(self._every_row)
        return self.place(self._every_row, offset, 1, self.longest_row + 1)

    def attend(
        self, layer: int, at: Placement, query: Tensor, key: Tensor, value: Tensor
    ) -> Tensor:
        """Store keys and values of new tokens `[tokens, kv_heads, head_dim]`, then attend from
        `query [tokens, heads, head_dim]`; gives `[tokens, heads * head_dim]` in float32.
        """
        self.keys[layer][at.row, :, at.place] = key
        self.values[layer][at.row, :, at.place] = value
        query = self._pad(query * self._scale, at)
        keys, values = self.keys[layer][:, :, : at.span], self.values[layer][:, :, : at.span]
        own = attend(query, keys, values, at.mask)
        shared = attend(
            self._by_clip(query),
            self.prefix_keys[layer],
            self.prefix_values[layer],
            self._prefix_mask,
        )
        back = [self._by_row(x, at.longest) for x in (shared.weighted, shared.peak, shared.total)]
        return self._pack(merge(PartialAttention(*back), own), at)

    def _pad(self, query: Tensor, at: Placement) -> Tensor:
        """`[tokens, heads, size]` to `[rows, kv_heads, longest * groups, size]`."""
        if at.longest > 1:
            padded = query.new_zeros(self.rows, at.longest, *query.shape[1:])
            padded[at.row, at.offset] = query
        else:
            padded = query[:, None]
        grouped = padded.unflatten(2, (-1, self._groups)).transpose(1, 2)
        return grouped.flatten(2, 3)

    def _pack(self, attended: Tensor, at: Placement) -> Tensor:
        """The way back: `[rows, kv_heads, longest * groups, size]` to `[tokens, heads * size]`."""
        padded = attended.unflatten(2, (at.longest, self._groups)).transpose(1, 2)
        return padded[at.row, at.offset].flatten(1) if at.longest > 1 else padded[:, 0].flatten(1)

    def _by_clip(self, query: Tensor) -> Tensor:
        """`[rows, kv_heads, m, size]` to `[clips, kv_heads, most_rows * m, size]`."""
        if self._slots is not None:
            slots = query.new_zeros(self._clips * self._most_rows, *query.shape[1:])
            slots[self._slots] = query
            query = slots
        return query.unflatten(0, (self._clips, -1)).transpose(1, 2).flatten(2, 3)

    def _by_row(self, attended: Tensor, longest: int) -> Tensor:
        """The way back."""
        rows = attended.unflatten(2, (self._most_rows, longest * self._groups)).transpose(1, 2)
        rows = rows.flatten(0, 1)
        return rows if self._slots is None else rows[self._slots]

    def advance(self) -> None:
        """Every row has a token more. One that is full writes its last place again: it is done."""
        self.lengths.add_(1).clamp_(max=self.capacity - 1)
        self.longest_row = min(self.longest_row + 1, self.capacity - 1)

    def keep(self, rows: list[int]) -> None:
        """Drop all other rows, and the clips that have none left."""
        device = self.lengths.device
        index = torch.tensor(rows, device=device)
        old_clips = self._clip_of_row[index].tolist()
        clips = sorted(set(old_clips))
        for tensors in (self.keys, self.values):
            _select(tensors, index)
        if len(clips) < self._clips:
            kept = torch.tensor(clips, device=device)
            for tensors in (self.prefix_keys, self.prefix_values):
                _select(tensors, kept)
            self._prefix_lengths = self._prefix_lengths[kept]
        self.lengths = self.lengths[index]
        new = {clip: number for number, clip in enumerate(clips)}
        self._place_rows(self._prefix_lengths, [new[clip] for clip in old_clips])


def _select(tensors: list[Tensor], index: Tensor) -> None:
    # one layer at a time, so that only one is held twice
    for number, tensor in enumerate(tensors):
        tensors[number] = tensor[index]
