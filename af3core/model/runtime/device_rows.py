"""The rows of an answer on the device: their last tokens, lengths and ends, step after step.

A step takes each row's last token from where the step before left it, so that the host launches a
step before it has seen the last one's tokens. What a row is, the host says in tables, which change
only where a row begins or ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from af3core.model.network.kv_pool import KvPool
from af3core.model.network.step_tables import StepTables
from af3core.model.runtime.buckets import StepBucket
from af3core.model.runtime.paged_network import PagedNetwork
from af3core.model.runtime.step_layout import (
    BESIDE,
    CHOICE,
    END_LENGTH,
    FREE_LENGTH,
    GIVEN_ID,
    GIVEN_LENGTH,
    LIKELIEST,
    SLOT,
    device_views,
    layout_size,
)

IDS, LOGPROBS, ENDED = RESULTS = range(3)
"""What a step tells of each row: the token chosen, its log-probability (float32 as bits), whether
the answer ends with it."""

_LAST_ID, _LENGTH, _DONE = STATES = range(3)


class DeviceRows:
    """Fixed tensors of a runner, and the function over them that is recorded for a bucket.

    Args:
        slots: rows that live at once; each keeps its state in a slot.
        buckets: of steps.
        ends: ids of the tokens that end an answer, on the device.
        pool: keys and values.
        network: the model.

    Attributes:
        tables: a step's tables, which the host fills.
        results: of the last step `[len(RESULTS) * rows]`.
    """

    def __init__(
        self,
        slots: int,
        buckets: Sequence[StepBucket],
        ends: Tensor,
        pool: KvPool,
        network: PagedNetwork,
    ) -> None:
        device = pool.keys[0].device
        self.spare_slot = slots
        self._pool = pool
        self._network = network
        self._ends = ends
        # one for all buckets: what a recorded call makes itself and gives, each would keep
        self._logits = network.like.new_zeros(
            max(bucket.rows for bucket in buckets), len(network.like)
        )
        self._state = torch.zeros(len(STATES), slots + 1, dtype=torch.long, device=device)
        room = max(map(layout_size, buckets))
        most_rows = max(bucket.rows for bucket in buckets)
        self.tables = torch.zeros(room, dtype=torch.int32, device=device)
        self.results = torch.zeros(len(RESULTS) * most_rows, dtype=torch.int32, device=device)

    def step_function(self, bucket: StepBucket) -> Callable[[], Tensor]:
        """A step of a bucket, to be recorded; gives the logits `[rows, vocabulary]`."""
        views = device_views(self.tables, bucket)
        results = self.results_of(bucket)

        def step() -> Tensor:
            fields = views["fields"]
            state = self._state.index_select(1, fields[SLOT])
            given = fields[GIVEN_ID]
            ids = torch.where(given >= 0, given, state[_LAST_ID])
            lengths = _lengths(fields, state)
            tables = _step_tables(views, lengths)
            made = self._network.step(ids, tables.positions(), tables, self._pool)
            logits = self._logits[: bucket.rows].copy_(made)
            self._forbid_ends(logits, lengths < fields[FREE_LENGTH])
            chosen, logprobs = self._network.greedy(logits)
            results.copy_(self._advance(fields, state, chosen, logprobs, LIKELIEST))
            return logits

        return step

    def results_of(self, bucket: StepBucket) -> Tensor:
        """The results of a bucket's last step `[len(RESULTS), rows]`, contiguous."""
        return self.results[: len(RESULTS) * bucket.rows].view(len(RESULTS), bucket.rows)

    def choose_beside(
        self, bucket: StepBucket, rows: Tensor, chosen: Tensor, logprobs: Tensor
    ) -> None:
        """Take the tokens that a sampler chose for these `rows [k]` of the step just run."""
        fields = device_views(self.tables, bucket)["fields"].index_select(1, rows)
        state = self._state.index_select(1, fields[SLOT])
        told = self._advance(fields, state, chosen, logprobs, BESIDE)
        self.results_of(bucket).index_copy_(1, rows, told)

    def _forbid_ends(self, logits: Tensor, early: Tensor) -> None:
        at_ends = logits.index_select(1, self._ends)
        logits.index_copy_(1, self._ends, at_ends.masked_fill(early[:, None], float("-inf")))

    def _advance(
        self, fields: Tensor, state: Tensor, chosen: Tensor, logprobs: Tensor, choice: int
    ) -> Tensor:
        """Give the rows of this choice their tokens, and tell what became of all."""
        lengths = _lengths(fields, state) + 1
        at_end = (chosen[:, None] == self._ends).any(dim=1)
        ended = at_end | (lengths >= fields[END_LENGTH])
        was_done = (state[_DONE] > 0) & (fields[GIVEN_LENGTH] == 0)
        moves = (fields[CHOICE] == choice) & ~was_done
        slots = torch.where(moves, fields[SLOT], self.spare_slot).long()
        self._state.index_copy_(1, slots, torch.stack([chosen, lengths, ended.long()]))
        bits = logprobs.float().view(torch.int32)
        return torch.stack([chosen.int(), bits, ended.int()])


def _lengths(fields: Tensor, state: Tensor) -> Tensor:
    """Own tokens of each row with this step's `[rows]` int64."""
    return torch.where(fields[GIVEN_LENGTH] > 0, fields[GIVEN_LENGTH], state[_LENGTH])


def _step_tables(views: Mapping[str, Tensor], lengths: Tensor) -> StepTables:
    names = ("prefix_pages", "prefix_lengths", "group_start", "row_group", "own_pages")
    return StepTables(**{name: views[name] for name in names}, own_lengths=lengths.int())
