"""Which questions run together, within a budget of tokens. Knows lengths alone, no tensors.

A group is a prefix with its questions; groups of like length become a batch, with one KV cache.
When answers finish, their places are given to groups that wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

_LEAST_LENGTH_SHARE = 0.8
"""A batch's shortest prefix has at least this share of its longest."""

_START_FREE_SHARE = 0.25
"""Share of the budget that must be free before waiting groups start beside running ones."""

_SHRINK_BUSY_SHARE = 0.75
"""A batch is shrunk when its unfinished rows are at most this share."""


@dataclass(frozen=True)
class Question:
    """A request's number with the tokens that it has alone: of its prompt, and of its answer."""

    number: int
    prompt_tokens: int
    answer_tokens: int

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.answer_tokens


@dataclass(frozen=True)
class Group:
    """Questions that share a prefix of so many tokens."""

    prefix_tokens: int
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class BatchPlan:
    """Groups that start together; `number` names the batch from then on."""

    number: int
    groups: tuple[Group, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        """In the order of the batch's rows."""
        return tuple(question for group in self.groups for question in group.questions)

    @property
    def row_tokens(self) -> int:
        """Most tokens that a question and its answer take."""
        return max(question.tokens for question in self.questions)

    @property
    def tokens(self) -> int:
        """Places for keys and values, padding included."""
        return _padded_tokens(self.groups)


@dataclass
class _Running:
    """A batch's rows: their clip, and whether they are still being written."""

    prefix_tokens: int
    row_tokens: int
    clip_of_row: list[int]
    unfinished: list[bool] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        clips = len(set(self.clip_of_row))
        return clips * self.prefix_tokens + len(self.clip_of_row) * self.row_tokens


class WaitingGroups:
    """Groups that wait for their start, those of the longest prefix first among those that came
    together. What no budget holds is left out: see `too_large`.
    """

    def __init__(self) -> None:
        self.too_large: list[Question] = []
        self._waiting: deque[Group] = deque()

    def _split(self, group: Group) -> list[Group]:
        """The group in as many parts as the budget asks for; what none holds is `too_large`."""
        raise NotImplementedError

    def add(self, groups: Sequence[Group]) -> None:
        """Groups that wait from now on, behind those that do."""
        fitting = [part for group in groups for part in self._split(group)]
        self._waiting += sorted(fitting, key=lambda group: -group.prefix_tokens)

    def remove(self, numbers: Collection[int]) -> list[int]:
        """Leave out questions that still wait; those of the numbers that did."""
        waited = [q.number for g in self._waiting for q in g.questions if q.number in numbers]
        if waited:
            left = [
                replace(g, questions=tuple(q for q in g.questions if q.number not in numbers))
                for g in self._waiting
            ]
            self._waiting = deque(group for group in left if group.questions)
        return waited


class Scheduler(WaitingGroups):
    """Admits groups while their tokens fit the budget, and takes back the places of finished rows.

    Groups that no budget holds are left out: see `too_large`.
    """

    def __init__(self, groups: Sequence[Group], budget_tokens: int) -> None:
        self._budget = budget_tokens
        super().__init__()
        self._running: dict[int, _Running] = {}
        self._started = 0
        self.add(groups)

    @property
    def busy(self) -> bool:
        return bool(self._waiting or self._running)

    @property
    def tokens(self) -> int:
        """Places that running batches hold."""
        return sum(running.tokens for running in self._running.values())

    def admit(self) -> list[BatchPlan]:
        """Batches to start now."""
        if not self._waiting:
            return []
        free = self._budget - self.tokens
        if self._running and free < self._budget * _START_FREE_SHARE:
            return []
        plans: list[BatchPlan] = []
        while plan := self._next_batch(free):
            plans.append(plan)
            free -= plan.tokens
        return plans

    def finish(self, batch: int, row: int) -> None:
        """A row's answer is written."""
        self._running[batch].unfinished[row] = False

    def shrink(self) -> list[tuple[int, list[int]]]:
        """Batches to shrink now, with the rows that stay: none for a batch that is done."""
        shrunk = []
        for number, running in list(self._running.items()):
            stay = [row for row, unfinished in enumerate(running.unfinished) if unfinished]
            if len(stay) > _SHRINK_BUSY_SHARE * len(running.unfinished):
                continue
            shrunk.append((number, stay))
            if stay:
                running.clip_of_row = [running.clip_of_row[row] for row in stay]
                running.unfinished = [True] * len(stay)
            else:
                del self._running[number]
        return shrunk

    def _next_batch(self, free: int) -> BatchPlan | None:
        """The waiting groups from the first on that are alike and fit."""
        groups: list[Group] = []
        while self._waiting:
            group = self._waiting[0]
            alike = (
                not groups or group.prefix_tokens >= _LEAST_LENGTH_SHARE * groups[0].prefix_tokens
            )
            if not alike or _padded_tokens((*groups, group)) > free:
                break
            groups.append(self._waiting.popleft())
        if not groups:
            return None
        plan = BatchPlan(self._started, tuple(groups))
        self._started += 1
        clip_of_row = [clip for clip, group in enumerate(groups) for _ in group.questions]
        self._running[plan.number] = _Running(
            groups[0].prefix_tokens, plan.row_tokens, clip_of_row, [True] * len(clip_of_row)
        )
        return plan

    def _split(self, group: Group) -> list[Group]:
        """The group in as many parts as the budget asks for."""
        parts: list[list[Question]] = [[]]
        for question in group.questions:
            if group.prefix_tokens + question.tokens > self._budget:
                self.too_large.append(question)
                continue
            if _padded_tokens((replace(group, questions=(*parts[-1], question)),)) > self._budget:
                parts.append([])
            parts[-1].append(question)
        return [replace(group, questions=tuple(part)) for part in parts if part]


def _padded_tokens(groups: Sequence[Group]) -> int:
    rows = [question.tokens for group in groups for question in group.questions]
    return len(groups) * max(group.prefix_tokens for group in groups) + len(rows) * max(rows)
