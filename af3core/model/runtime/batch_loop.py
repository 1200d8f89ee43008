"""The loop of continuous batching: questions from their start to their last token.

Each turn starts what the scheduler admits, decodes one token of every running batch, and hands out
the answers that are finished.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from af3core.errors import ModelError
from af3core.model.request import Answer
from af3core.model.runtime.run_jobs import Job, NewJobs, RunJobs, RunStats
from af3core.model.runtime.runner import Runner
from af3core.model.runtime.sampling import Sampler
from af3core.model.runtime.scheduler import BatchPlan, Scheduler
from af3core.model.streaming.stream import Cancelled


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
        new_jobs: NewJobs | None = None,
    ) -> None:
        self._runner = runner
        self._jobs = RunJobs(jobs, new_jobs)
        self._end_ids = end_ids
        self._rows: dict[int, _Rows] = {}
        self._stats = stats

    def run(self, batch_tokens: int) -> Iterator[tuple[int, Answer | ModelError]]:
        """Each request's number with its result, as it is done."""
        scheduler = Scheduler([], batch_tokens)
        yield from self._jobs.begin(scheduler, batch_tokens)
        while scheduler.busy:
            yield from self._jobs.join(scheduler, batch_tokens)
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
                self._jobs.end(number)
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
