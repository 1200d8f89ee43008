"""The loop of continuous batching: questions from their start to their last token.

Each turn starts what the scheduler admits, decodes one token of every running batch, and hands out
the answers that are finished.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from af3core.errors import ModelError
from af3core.model.prompt import Prompt, PromptTooLong
from af3core.model.request import Answer, Decoding, Weights
from af3core.model.runtime.detokenizer import Detokenizer
from af3core.model.runtime.json_constraint import JsonConstraint
from af3core.model.runtime.runner import Runner
from af3core.model.runtime.sampling import Sampler
from af3core.model.runtime.scheduler import BatchPlan, Group, Question, Scheduler
from af3core.model.streaming.stream import Cancelled


@dataclass
class RunStats:
    """Seconds of encoding and prefill, seconds and steps of decoding, and the most bytes of keys
    and values held at once.
    """

    prefill_s: float = 0.0
    decode_s: float = 0.0
    steps: int = 0
    peak_kv_bytes: int = 0


@dataclass(frozen=True)
class Job:
    """A request with its prompt, and the detokenizer that collects its answer."""

    prompt: Prompt
    decoding: Decoding
    weights: Weights
    detokenizer: Detokenizer
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


def groups_of_jobs(jobs: Mapping[int, Job]) -> list[Group]:
    """Jobs by the prefix that they share."""
    return plan_groups(
        {number: job.prompt for number, job in jobs.items()},
        {number: job.decoding.max_new_tokens for number, job in jobs.items()},
    )


def beyond_budget(prompt: Prompt, answer_tokens: int, batch_tokens: int) -> PromptTooLong:
    """The error of a request that no budget holds."""
    return PromptTooLong(
        f"{len(prompt.ids)} tokens and an answer of {answer_tokens} do not fit the budget of"
        f" {batch_tokens}; raise --batch-tokens"
    )


@dataclass
class _Rows:
    """A running batch: the request of each row, which rows are finished, their last tokens."""

    numbers: list[int]
    finished: list[bool]
    sampler: Sampler
    next_ids: Tensor


class BatchLoop:
    """One run: asks the scheduler what to do, has the runner do it, hands answers out.

    Args:
        runner: of the jobs' weights.
        jobs: by number.
        end_ids: tokens that end an answer.
        stats: what the run takes is added to it.
        new_jobs: gives jobs that join while others run, or their errors.
    """

    def __init__(
        self,
        runner: Runner,
        jobs: Mapping[int, Job],
        end_ids: frozenset[int],
        stats: RunStats,
        new_jobs: Callable[[], Iterator[tuple[int, Job | ModelError]]] | None = None,
    ) -> None:
        self._runner = runner
        self._jobs = dict(jobs)
        self._new_jobs = new_jobs
        self._end_ids = end_ids
        self._rows: dict[int, _Rows] = {}
        self._stats = stats

    def run(self, batch_tokens: int) -> Iterator[tuple[int, Answer | ModelError]]:
        """Each request's number with its result, as it is done."""
        scheduler = Scheduler(groups_of_jobs(self._jobs), batch_tokens)
        yield from self._reject_too_large(scheduler, batch_tokens)
        while scheduler.busy:
            if self._new_jobs is not None:
                yield from self._add_new(self._new_jobs(), scheduler)
                yield from self._reject_too_large(scheduler, batch_tokens)
                yield from self._drop_cancelled(scheduler)
            begun = time.perf_counter()
            for plan in scheduler.admit():
                logits = self._start(plan)
                yield from self._sample(plan.number, logits, scheduler)
            started = time.perf_counter()
            for batch, stay in scheduler.shrink():
                self._shrink(batch, stay)
            if self._rows:
                steps = self._runner.step([rows.next_ids for rows in self._rows.values()])
                for batch, logits in zip(list(self._rows), steps, strict=True):
                    yield from self._sample(batch, logits, scheduler)
                self._stats.steps += 1
            self._stats.prefill_s += started - begun
            self._stats.decode_s += time.perf_counter() - started

    def _reject_too_large(
        self, scheduler: Scheduler, batch_tokens: int
    ) -> Iterator[tuple[int, Answer | ModelError]]:
        """Errors of those that no budget holds."""
        while scheduler.too_large:
            question = scheduler.too_large.pop()
            prompt = self._jobs.pop(question.number).prompt
            yield question.number, beyond_budget(prompt, question.answer_tokens, batch_tokens)

    def _add_new(
        self, new_jobs: Iterator[tuple[int, Job | ModelError]], scheduler: Scheduler
    ) -> Iterator[tuple[int, ModelError]]:
        """Queue new jobs; errors of those that cannot be asked."""
        jobs: dict[int, Job] = {}
        for number, job in new_jobs:
            if isinstance(job, ModelError):
                yield number, job
            else:
                jobs[number] = job
        self._jobs |= jobs
        scheduler.add(groups_of_jobs(jobs))

    def _drop_cancelled(self, scheduler: Scheduler) -> Iterator[tuple[int, ModelError]]:
        """Leave out cancelled jobs that have not started; `_sample` ends those that have."""
        gone = [number for number, job in self._jobs.items() if job.detokenizer.cancelled]
        if gone:
            for number in scheduler.remove(gone):
                del self._jobs[number]
                yield number, Cancelled()

    def _start(self, plan: BatchPlan) -> Tensor:
        clips = [[self._jobs[q.number].prompt for q in group.questions] for group in plan.groups]
        logits = self._runner.start(plan.number, clips, plan.row_tokens)
        self._stats.peak_kv_bytes = max(self._stats.peak_kv_bytes, self._runner.kv_bytes)
        numbers = [question.number for question in plan.questions]
        jobs = [self._jobs[number] for number in numbers]
        sampler = Sampler(
            [job.decoding for job in jobs],
            [job.prompt.ids for job in jobs],
            sorted(self._end_ids),
            [job.constraint for job in jobs],
            logits,
        )
        self._rows[plan.number] = _Rows(
            numbers, [False] * len(numbers), sampler, next_ids=torch.empty(0)
        )
        return logits

    def _sample(
        self, batch: int, logits: Tensor, scheduler: Scheduler
    ) -> Iterator[tuple[int, Answer | ModelError]]:
        """Choose each row's next token, and hand out the answers that it finishes."""
        rows = self._rows[batch]
        rows.next_ids, logprobs = rows.sampler.sample(logits)
        tokens = zip(rows.numbers, rows.next_ids.tolist(), logprobs.tolist(), strict=True)
        for row, (number, token, logprob) in enumerate(tokens):
            if rows.finished[row]:
                continue
            detokenizer = self._jobs[number].detokenizer
            cancelled = detokenizer.cancelled
            if cancelled or detokenizer.add(token, logprob):
                rows.finished[row] = True
                scheduler.finish(batch, row)
                del self._jobs[number]
                yield number, Cancelled() if cancelled else detokenizer.answer()

    def _shrink(self, batch: int, stay: list[int]) -> None:
        self._runner.keep(batch, stay)
        if not stay:
            del self._rows[batch]
            return
        rows = self._rows[batch]
        rows.numbers = [rows.numbers[row] for row in stay]
        rows.finished = [False] * len(stay)
        rows.next_ids = rows.next_ids[torch.tensor(stay, device=rows.next_ids.device)]
        rows.sampler.keep(stay)
