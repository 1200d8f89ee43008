"""The rows of answers on the host: who has which slot, pages and length; a step's tables from them.

The host knows each row's length without asking the device, as every step adds one token. Numbers of
all rows lie in arrays: a step costs the host a few operations over them, however many rows it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from af3core.model.network.kv_pool import SPARE_PAGE
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
_UNUSED = np.array([[0], [-1], [0], [NOTHING], [0], [0]], np.int32)
"""A row's fields in the order of `step_layout.FIELDS`: its token is the last one that was chosen,
and none is to be chosen."""


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
        self._every_row = np.arange(self._most_rows)
        self.spare_slot = slots
        self.owner = np.full(slots, NOBODY, np.int64)
        self._free_slots = list(reversed(range(slots)))
        self._free_groups = list(reversed(range(slots)))
        self._group = np.zeros(slots, np.int64)
        self._in_turn = np.zeros(0, np.int64)
        self._prompt_length, self._length = np.zeros(slots, np.int32), np.zeros(slots, np.int32)
        # a slot of nobody has no length to reach
        self._end_length, self._free_length = np.zeros(slots, np.int32), np.zeros(slots, np.int32)
        self._beside, self._lags, self._waits = (np.zeros(slots, bool) for _ in range(3))
        self._special: set[int] = set()
        self._own_pages = np.zeros((slots, buckets[-1].own_pages), np.int32)
        self._page_count, self._prefix_count = np.zeros(slots, np.int32), np.zeros(slots, np.int32)
        self._ids: dict[int, Sequence[int]] = {}
        self._group_pages: dict[int, tuple[int, Sequence[int]]] = {}
        self._prefix_length = np.zeros(slots, np.int32)
        self._prefix_pages = np.zeros((slots, buckets[-1].prefix_pages), np.int32)
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
        self._in_turn = self._in_turn[self.owner[self._in_turn] != NOBODY]
        self._prefix_length[group] = prefix_length
        self._prefix_pages[group, : len(pages)] = pages
        self._group_pages[group] = len(rows), pages
        self._changed = True
        begun = [self._begin_row(group, len(pages), row) for row in rows]
        self._in_turn = np.concatenate([self._in_turn, np.array(begun, np.int64)])
        return begun

    def _begin_row(self, group: int, prefix_count: int, row: NewRow) -> int:
        slot = self._free_slots.pop()
        prompt = len(row.ids)
        self.owner[slot] = row.number
        self._group[slot] = group
        self._ids[slot] = row.ids
        self._prompt_length[slot], self._length[slot] = prompt, 0
        self._end_length[slot] = prompt + row.max_new_tokens
        self._free_length[slot] = prompt + row.min_new_tokens
        self._beside[slot], self._lags[slot], self._waits[slot] = row.beside, row.lags, False
        if row.beside or row.lags:
            self._special.add(slot)
        self._own_pages[slot, : len(row.pages)] = row.pages
        self._page_count[slot], self._prefix_count[slot] = len(row.pages), prefix_count
        return slot

    def end(self, slot: int) -> list[int]:
        """A row is written; gives back its pages, and with a clip's last row the prefix's."""
        group = int(self._group[slot])
        pages: list[int] = self._own_pages[slot, : self._page_count[slot]].tolist()
        self.owner[slot] = NOBODY
        self._length[slot] = self._end_length[slot] = 0
        self._ids.pop(slot, None)
        self._special.discard(slot)
        self._free_slots.append(slot)
        rows, of_prefix = self._group_pages.pop(group)
        if rows > 1:
            self._group_pages[group] = rows - 1, of_prefix
        else:
            pages += of_prefix
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
        for slot in [s for s in self._ids if self._length[s] == self._prompt_length[s]]:
            del self._ids[slot]
            self._length[slot] += 1  # the answer's first token
            self._changed = True
        if self._ids:
            self._changed = True
        if self._special and (lag := step.slots[self._lags[step.slots]]).size:
            self._waits[lag] = True
            self._changed = True
        if (self._length[step.slots] >= self._end_length[step.slots]).any():
            self._changed = True

    def _compose(self) -> Step | None:
        runs = self._length < self._end_length
        if self._special:
            runs &= ~self._waits
        slots = self._in_turn[runs[self._in_turn]]  # one of nobody does not run
        if not len(slots):
            return None
        if self._ids:
            return self._with_questions(slots, self._tokens_now(slots))
        rows = self._every_row[: len(slots)]
        return self._step_of(slots, np.ones_like(slots), slots, rows)

    def _with_questions(self, slots: Integers, tokens: Integers) -> Step:
        slots, tokens = slots[tokens > 0], tokens[tokens > 0]
        chooses = self._length[slots] + tokens >= self._prompt_length[slots]
        return self._step_of(slots, tokens, slots[chooses], (np.cumsum(tokens) - 1)[chooses])

    def _step_of(
        self, advanced: Integers, tokens: Integers, slots: Integers, rows: Integers
    ) -> Step:
        count = int(tokens.sum())
        own, prefix = self._page_count[advanced].max(), self._prefix_count[advanced].max()
        beside = np.flatnonzero(self._beside[slots]) if self._special else self._every_row[:0]
        return Step(
            bucket=smallest_step(self._buckets, count, int(prefix), int(own)),
            slots=slots,
            owners=self.owner[slots],
            rows=rows,
            beside=beside,
            advanced=advanced,
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
        row_slots = np.repeat(step.advanced, step.tokens) if self._ids else step.advanced
        self._fill_fields(step, row_slots, views["fields"])
        self._fill_groups(step.bucket, self._group[row_slots], views)
        used, own_pages = len(row_slots), views["own_pages"]
        of_slots = self._own_pages[:, : step.bucket.own_pages]
        of_slots.take(row_slots, axis=0, out=own_pages[:used], mode="clip")
        own_pages[used:] = SPARE_PAGE

    def _fill_groups(
        self, bucket: StepBucket, groups: Integers, views: Mapping[str, npt.NDArray[np.int32]]
    ) -> None:
        """The clips of a step's rows in turn, of which each is in `groups [rows]`."""
        used = len(groups)
        begins = np.ones(used, bool)
        np.not_equal(groups[1:], groups[:-1], out=begins[1:])
        starts = np.flatnonzero(begins)
        count, of_step = len(starts), groups[starts]
        row_group = views["row_group"]
        np.cumsum(begins, out=row_group[:used])
        row_group[:used] -= 1
        row_group[used:] = bucket.rows - 1
        group_start, lengths = views["group_start"], views["prefix_lengths"]
        group_start[:count] = starts
        group_start[count:] = used
        group_start[bucket.rows] = bucket.rows
        lengths[:count] = self._prefix_length[of_step]
        lengths[count:] = 0
        pages, of_groups = views["prefix_pages"], self._prefix_pages[:, : bucket.prefix_pages]
        of_groups.take(of_step, axis=0, out=pages[:count], mode="clip")
        pages[count:] = SPARE_PAGE

    def _fill_fields(self, step: Step, row_slots: Integers, fields: npt.NDArray[np.int32]) -> None:
        used = len(row_slots)
        fields[:] = _UNUSED
        fields[SLOT, used:] = self.spare_slot
        fields[SLOT, :used] = row_slots
        fields[GIVEN_LENGTH, used:] = 1
        fields[CHOICE, step.rows] = LIKELIEST
        if len(step.beside):
            fields[CHOICE, step.rows[step.beside]] = BESIDE
        fields[END_LENGTH, :used] = self._end_length[row_slots]
        fields[FREE_LENGTH, :used] = self._free_length[row_slots]
        if self._ids:
            self._fill_questions(step, fields)

    def _fill_questions(self, step: Step, fields: npt.NDArray[np.int32]) -> None:
        reads = np.flatnonzero(self._length[step.advanced] < self._prompt_length[step.advanced])
        starts = (np.cumsum(step.tokens) - step.tokens)[reads]
        slots, counts = step.advanced[reads], step.tokens[reads]
        for slot, start, count in zip(
            slots.tolist(), starts.tolist(), counts.tolist(), strict=True
        ):
            read = int(self._length[slot])
            rows = slice(start, start + count)
            fields[GIVEN_ID, rows] = self._ids[slot][read : read + count]
            fields[GIVEN_LENGTH, rows] = np.arange(read + 1, read + count + 1)
