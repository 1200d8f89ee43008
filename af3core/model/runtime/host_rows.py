"""The rows of answers on the host: who has which slot, pages and length; a step's tables from them.

The host knows each row's length without asking the device, as every step adds one token. Numbers of
all rows lie in arrays: a step costs the host a few operations over them, however many rows it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from af3core.model.runtime.buckets import StepBucket, smallest_step
from af3core.model.runtime.step_layout import (
    BESIDE,
    CHOICE,
    END_LENGTH,
    FREE_LENGTH,
    GIVEN_ID,
    GIVEN_LENGTH,
    LIKELIEST,
    NOTHING,
    SLOT,
)

Integers = npt.NDArray[np.int64]
NOBODY = -1


@dataclass(frozen=True)
class NewRow:
    """A question whose answer is to be written.

    Attributes:
        number: of the request.
        ids: its own tokens, behind the prefix.
        max_new_tokens, min_new_tokens: of the answer.
        pages: for its own tokens and the answer's.
        beside: its tokens are chosen by the sampler beside the step.
        lags: the host must have seen each token before the next.
    """

    number: int
    ids: Sequence[int]
    max_new_tokens: int
    min_new_tokens: int
    pages: Sequence[int]
    beside: bool = False
    lags: bool = False


@dataclass(frozen=True)
class Step:
    """A step that can be launched.

    Attributes:
        bucket: whose recorded call it takes.
        slots: of the rows for which a token is chosen.
        owners: the requests that hold those slots.
        rows: their rows in the step.
        beside: which of them (indices into the three above) the sampler beside the step chooses.
        advanced: slots of all rows, once each, and the tokens that each gets in `tokens`.
    """

    bucket: StepBucket
    slots: Integers
    owners: Integers
    rows: Integers
    beside: Integers
    advanced: Integers
    tokens: Integers


class HostRows:
    """Slots with their rows.

    Args:
        slots: rows that live at once.
        buckets: of steps; the largest holds one row more than there are slots, or as many.
    """

    def __init__(self, slots: int, buckets: Sequence[StepBucket]) -> None:
        self._buckets = buckets
        self._most_rows = buckets[-1].rows
        self.spare_slot = slots
        self.owner = np.full(slots, NOBODY, np.int64)
        self._free_slots = list(reversed(range(slots)))
        self._free_groups = list(reversed(range(slots)))
        self._group = np.zeros(slots, np.int64)
        self._prompt_length, self._length, self._end_length, self._free_length = (
            np.zeros(slots, np.int64) for _ in range(4)
        )
        self._beside, self._lags, self._waits = (np.zeros(slots, bool) for _ in range(3))
        self._own_pages = np.zeros((slots, buckets[-1].own_pages), np.int32)
        self._page_count = np.zeros(slots, np.int64)
        self._ids: dict[int, Sequence[int]] = {}
        self._rank, self._prefix_length, self._prefix_count = (
            np.zeros(slots, np.int64) for _ in range(3)
        )
        self._prefix_pages = np.zeros((slots, buckets[-1].prefix_pages), np.int32)
        self._group_rows = [0] * slots
        self._started = 0
        self._step: Step | None = None
        self._changed = True

    @property
    def free_slots(self) -> int:
        """Rows that may begin."""
        return len(self._free_slots)

    @property
    def is_empty(self) -> bool:
        return len(self._free_slots) == len(self.owner)

    def counts_of(self, slots: Integers) -> Integers:
        """Tokens of their answers so far, those of launched steps included."""
        return np.maximum(self._length[slots] - self._prompt_length[slots], 0)

    def begin(self, prefix_length: int, pages: Sequence[int], rows: Sequence[NewRow]) -> list[int]:
        """A clip's prefix, which is in the pool, with its questions; gives their slots."""
        group = self._free_groups.pop()
        self._started += 1
        self._rank[group] = self._started
        self._prefix_length[group] = prefix_length
        self._prefix_count[group] = len(pages)
        self._prefix_pages[group, : len(pages)] = pages
        self._group_rows[group] = len(rows)
        self._changed = True
        return [self._begin_row(group, row) for row in rows]

    def _begin_row(self, group: int, row: NewRow) -> int:
        slot = self._free_slots.pop()
        prompt = len(row.ids)
        self.owner[slot] = row.number
        self._group[slot] = group
        self._ids[slot] = row.ids
        self._prompt_length[slot] = prompt
        self._length[slot] = 0
        self._end_length[slot] = prompt + row.max_new_tokens
        self._free_length[slot] = prompt + row.min_new_tokens
        self._beside[slot], self._lags[slot], self._waits[slot] = row.beside, row.lags, False
        self._own_pages[slot, : len(row.pages)] = row.pages
        self._page_count[slot] = len(row.pages)
        return slot

    def end(self, slot: int) -> list[int]:
        """A row is written; gives back its pages, and with a clip's last row the prefix's."""
        group = int(self._group[slot])
        pages: list[int] = self._own_pages[slot, : self._page_count[slot]].tolist()
        self.owner[slot] = NOBODY
        self._ids.pop(slot, None)
        self._free_slots.append(slot)
        self._group_rows[group] -= 1
        if not self._group_rows[group]:
            pages += self._prefix_pages[group, : self._prefix_count[group]].tolist()
            self._free_groups.append(group)
        self._changed = True
        return pages

    def resume(self, slot: int) -> None:
        """The host has seen the last token of a row that lags."""
        self._waits[slot] = False
        self._changed = True

    def next_step(self) -> tuple[Step | None, bool]:
        """What can be launched now, none where every row waits for the host or is at its end; and
        whether its tables are others than the last step's.
        """
        changed, self._changed = self._changed, False
        if changed:
            self._step = self._compose()
        return self._step, changed

    def launched(self, step: Step) -> None:
        """Every row of the step has its tokens."""
        self._length[step.advanced] += step.tokens
        if (step.tokens > 1).any() or self._ids:
            self._changed = True
            for slot in [s for s in self._ids if self._length[s] == self._prompt_length[s]]:
                del self._ids[slot]
                self._length[slot] += 1
        waiting = step.slots[self._lags[step.slots]]
        if len(waiting):
            self._waits[waiting] = True
            self._changed = True
        if (self._length[step.slots] >= self._end_length[step.slots]).any():
            self._changed = True

    def _compose(self) -> Step | None:
        runs = (self.owner != NOBODY) & (self._length < self._end_length) & ~self._waits
        slots = np.flatnonzero(runs)
        if not len(slots):
            return None
        slots = slots[np.argsort(self._rank[self._group[slots]], kind="stable")]
        tokens = np.ones(len(slots), np.int64)
        if self._ids:
            tokens = self._tokens_now(slots)
            slots, tokens = slots[tokens > 0], tokens[tokens > 0]
        last_rows = np.cumsum(tokens) - 1
        chooses = self._length[slots] + tokens >= self._prompt_length[slots]
        chosen = slots[chooses]
        return Step(
            bucket=smallest_step(
                self._buckets,
                int(last_rows[-1]) + 1,
                int(self._prefix_count[self._group[slots]].max()),
                int(self._page_count[slots].max()),
            ),
            slots=chosen,
            owners=self.owner[chosen],
            rows=last_rows[chooses],
            beside=np.flatnonzero(self._beside[chosen]),
            advanced=slots,
            tokens=tokens,
        )

    def _tokens_now(self, slots: Integers) -> Integers:
        """One for an answer; for a question as many as there is room for, first come first."""
        left = self._prompt_length[slots] - self._length[slots]
        reads = left > 0
        room = self._most_rows - int((~reads).sum())
        wanted = np.where(reads, left, 0)
        before = np.cumsum(wanted) - wanted
        return np.where(reads, np.clip(room - before, 0, left), 1)

    def fill_tables(self, step: Step, views: Mapping[str, npt.NDArray[np.int32]]) -> None:
        """Write a step's tables; `views` as of `step_layout.host_views`."""
        slots, tokens, bucket = step.advanced, step.tokens, step.bucket
        row_slots = slots if len(slots) == tokens.sum() else np.repeat(slots, tokens)
        used = len(row_slots)
        self._fill_fields(step, row_slots, views["fields"])
        views["own_pages"][:used] = self._own_pages[row_slots, : bucket.own_pages]
        views["own_pages"][used:] = 0
        groups = self._group[row_slots]
        starts = np.flatnonzero(np.diff(groups, prepend=-1))
        count = len(starts)
        views["row_group"][used:] = bucket.rows - 1
        views["row_group"][:used] = np.repeat(np.arange(count), np.diff(starts, append=used))
        views["group_start"][:count] = starts
        views["group_start"][count:] = used
        views["group_start"][bucket.rows] = bucket.rows
        of_step = groups[starts]
        views["prefix_lengths"][:count] = self._prefix_length[of_step]
        views["prefix_lengths"][count:] = 0
        views["prefix_pages"][:count] = self._prefix_pages[of_step, : bucket.prefix_pages]
        views["prefix_pages"][count:] = 0

    def _fill_fields(self, step: Step, row_slots: Integers, fields: npt.NDArray[np.int32]) -> None:
        used = len(row_slots)
        fields[:, used:] = 0
        fields[SLOT, used:] = self.spare_slot
        fields[GIVEN_LENGTH, used:] = 1
        fields[SLOT, :used] = row_slots
        fields[GIVEN_ID, :used] = -1
        fields[GIVEN_LENGTH, :used] = 0
        fields[CHOICE, :used] = NOTHING
        fields[CHOICE, step.rows] = LIKELIEST
        fields[CHOICE, step.rows[step.beside]] = BESIDE
        fields[END_LENGTH, :used] = self._end_length[row_slots]
        fields[FREE_LENGTH, :used] = self._free_length[row_slots]
        if self._ids:
            self._fill_questions(step, fields)

    def _fill_questions(self, step: Step, fields: npt.NDArray[np.int32]) -> None:
        starts = np.cumsum(step.tokens) - step.tokens
        for slot, start, count in zip(
            step.advanced.tolist(), starts.tolist(), step.tokens.tolist(), strict=True
        ):
            if slot in self._ids:
                read = int(self._length[slot])
                rows = slice(start, start + count)
                fields[GIVEN_ID, rows] = self._ids[slot][read : read + count]
                fields[GIVEN_LENGTH, rows] = np.arange(read + 1, read + count + 1)
