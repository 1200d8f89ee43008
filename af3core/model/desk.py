"""One run of our engine: questions of a batch from their start to their last token."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from af3core.errors import ModelError
from af3core.model.choosing import Chooser
from af3core.model.json_answers import JsonConstraint
from af3core.model.prompt import Prompt, PromptTooLong
from af3core.model.request import Answer, Decoding, Weights
from af3core.model.runner import Runner
from af3core.model.scheduler import CohortPlan, Group, Question, Scheduler
from af3core.model.streaming import Cancelled
from af3core.model.writing import Writing


@dataclass
class Spent:
    """Seconds of hearing and prefilling, seconds and steps of writing, and most bytes of keys and
    values held at once.
    """

    start_s: float = 0.0
    decode_s: float = 0.0
    steps: int = 0
    peak_kv_bytes: int = 0


@dataclass(frozen=True)
class Job:
    """A request made ready: its prompt, and its answer being written."""

    prompt: Prompt
    decoding: Decoding
    weights: Weights
    writing: Writing
    constraint: JsonConstraint | None


def plan_groups(prompts: Mapping[int, Prompt], answer_tokens: Mapping[int, int]) -> list[Group]:
    """Requests by the prefix that they share."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for number, prompt in prompts.items():
        groups.setdefault(prompt.prefix_key, []).append(number)
    return [
        Group(
            prompts[numbers[0]].prefix,
            tuple(
                Question(n, len(prompts[n].ids) - prompts[n].prefix, answer_tokens[n])
                for n in numbers
            ),
        )
        for numbers in groups.values()
    ]


@dataclass
class _Rows:
    """A running cohort: the request of each row, which rows are finished, their last tokens."""

    numbers: list[int]
    finished: list[bool]
    chooser: Chooser
    next_ids: Tensor


class Desk:
    """One run: asks the scheduler what to do, has the runner do it, hands answers out.

    Args:
        runner: of the jobs' weights.
        jobs: by number.
        end_ids: tokens that end an answer.
        spent: what the run takes is added to it.
        newcomers: gives jobs that join while others are written, or their errors.
    """

    def __init__(
        self,
        runner: Runner,
        jobs: Mapping[int, Job],
        end_ids: frozenset[int],
        spent: Spent,
        newcomers: Callable[[], Iterator[tuple[int, Job | ModelError]]] | None = None,
    ) -> None:
        self._runner = runner
        self._jobs = dict(jobs)
        self._newcomers = newcomers
        self._end_ids = end_ids
        self._rows: dict[int, _Rows] = {}
        self._spent = spent

    def work(self, batch_tokens: int) -> Iterator[tuple[int, Answer | ModelError]]:
        """Each request's number with its result, as it is done."""
        scheduler = Scheduler(self._groups(self._jobs), batch_tokens)
        yield from self._refuse(scheduler, batch_tokens)
        while scheduler.busy:
            if self._newcomers is not None:
                yield from self._welcome(self._newcomers(), scheduler)
                yield from self._refuse(scheduler, batch_tokens)
                yield from self._withdraw(scheduler)
            begun = time.perf_counter()
            for plan in scheduler.admit():
                logits = self._start(plan)
                yield from self._take(plan.number, logits, scheduler)
            started = time.perf_counter()
            for cohort, stay in scheduler.shrink():
                self._shrink(cohort, stay)
            if self._rows:
                steps = self._runner.step([rows.next_ids for rows in self._rows.values()])
                for cohort, logits in zip(list(self._rows), steps, strict=True):
                    yield from self._take(cohort, logits, scheduler)
                self._spent.steps += 1
            self._spent.start_s += started - begun
            self._spent.decode_s += time.perf_counter() - started

    def _groups(self, jobs: Mapping[int, Job]) -> list[Group]:
        return plan_groups(
            {number: job.prompt for number, job in jobs.items()},
            {number: job.decoding.max_new_tokens for number, job in jobs.items()},
        )

    def _refuse(
        self, scheduler: Scheduler, batch_tokens: int
    ) -> Iterator[tuple[int, Answer | ModelError]]:
        """Errors of those that no budget holds."""
        while scheduler.too_large:
            question = scheduler.too_large.pop()
            ids = self._jobs.pop(question.number).prompt.ids
            yield (
                question.number,
                PromptTooLong(
                    f"{len(ids)} tokens and an answer of {question.answer_tokens} do not fit the"
                    f" budget of {batch_tokens}; raise --batch-tokens"
                ),
            )

    def _welcome(
        self, newcomers: Iterator[tuple[int, Job | ModelError]], scheduler: Scheduler
    ) -> Iterator[tuple[int, ModelError]]:
        """Have newcomers wait for room; errors of those that cannot be asked."""
        jobs: dict[int, Job] = {}
        for number, job in newcomers:
            if isinstance(job, ModelError):
                yield number, job
            else:
                jobs[number] = job
        self._jobs |= jobs
        scheduler.add(self._groups(jobs))

    def _withdraw(self, scheduler: Scheduler) -> Iterator[tuple[int, ModelError]]:
        """Leave out cancelled jobs that have not started; `_take` ends those that have."""
        gone = [number for number, job in self._jobs.items() if job.writing.cancelled]
        if gone:
            for number in scheduler.withdraw(gone):
                del self._jobs[number]
                yield number, Cancelled()

    def _start(self, plan: CohortPlan) -> Tensor:
        clips = [[self._jobs[q.number].prompt for q in group.questions] for group in plan.groups]
        logits = self._runner.start(plan.number, clips, plan.room)
        self._spent.peak_kv_bytes = max(self._spent.peak_kv_bytes, self._runner.kv_bytes)
        numbers = [question.number for question in plan.questions]
        jobs = [self._jobs[number] for number in numbers]
        chooser = Chooser(
            [job.decoding for job in jobs],
            [job.prompt.ids for job in jobs],
            sorted(self._end_ids),
            [job.constraint for job in jobs],
            logits,
        )
        self._rows[plan.number] = _Rows(
            numbers, [False] * len(numbers), chooser, next_ids=torch.empty(0)
        )
        return logits

    def _take(
        self, cohort: int, logits: Tensor, scheduler: Scheduler
    ) -> Iterator[tuple[int, Answer | ModelError]]:
        """Choose each row's next token, and hand out the answers that it finishes."""
        rows = self._rows[cohort]
        rows.next_ids, logprobs = rows.chooser.choose(logits)
        tokens = zip(rows.numbers, rows.next_ids.tolist(), logprobs.tolist(), strict=True)
        for row, (number, token, logprob) in enumerate(tokens):
            if rows.finished[row]:
                continue
            writing = self._jobs[number].writing
            cancelled = writing.cancelled
            if cancelled or writing.add(token, logprob):
                rows.finished[row] = True
                scheduler.finish(cohort, row)
                del self._jobs[number]
                yield number, Cancelled() if cancelled else writing.answer()

    def _shrink(self, cohort: int, stay: list[int]) -> None:
        self._runner.keep(cohort, stay)
        if not stay:
            del self._rows[cohort]
            return
        rows = self._rows[cohort]
        rows.numbers = [rows.numbers[row] for row in stay]
        rows.finished = [False] * len(stay)
        rows.next_ids = rows.next_ids[torch.tensor(stay, device=rows.next_ids.device)]
        rows.chooser.keep(stay)
