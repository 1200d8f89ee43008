"""Continuous batching with the host ahead of the device: a step runs while the next is launched.

The tokens of a step are looked at when the next one is queued. Ends are found on the device, so
that a row takes part in one step at most after its end; what is said of its tokens then is left
out. Rows whose next token depends on the host (JSON) take part in every second step.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import numpy as np

from af3core.errors import ModelError
from af3core.model.network.kv_pool import pages_for
from af3core.model.network.step_tables import PAGE_TOKENS
from af3core.model.request import Answer
from af3core.model.runtime.device_rows import ENDED, IDS, LOGPROBS
from af3core.model.runtime.memory_budget import PoolSizes
from af3core.model.runtime.paged_runner import Launched, NewQuestion, PagedRunner
from af3core.model.runtime.paged_schedule import PagedSchedule
from af3core.model.runtime.run_jobs import Job, NewJobs, RunJobs, RunStats
from af3core.model.runtime.token_history import TokenHistory
from af3core.model.streaming.stream import Cancelled

Result = Answer | ModelError


def schedule_of(sizes: PoolSizes, batch_tokens: int) -> PagedSchedule:
    """The schedule of a run within a budget of tokens."""
    return PagedSchedule(
        min(sizes.tokens, batch_tokens) // PAGE_TOKENS,
        sizes.slots,
        pages_for(sizes.prefix_tokens),
        pages_for(sizes.own_tokens),
    )


class PagedLoop:
    """One run: starts what fits, launches steps, hands answers out.

    Args:
        runner: of the jobs' weights.
        jobs: by number.
        stats: what the run takes is added to it.
        new_jobs: gives jobs that join while others run, or their errors.
    """

    def __init__(
        self,
        runner: PagedRunner,
        jobs: Mapping[int, Job],
        stats: RunStats,
        new_jobs: NewJobs | None = None,
    ) -> None:
        self._runner = runner
        self._jobs = RunJobs(jobs, new_jobs)
        self._stats = stats
        self._slots: dict[int, int] = {}
        slots = runner.sizes.slots
        self._history = TokenHistory(slots)
        self._watched = np.zeros(slots, bool)

    def run(self, batch_tokens: int) -> Iterator[tuple[int, Result]]:
        """Each request's number with its result, as it is done."""
        runner = self._runner
        runner.forget()  # what a run that broke off has left
        schedule = schedule_of(runner.sizes, batch_tokens)
        yield from self._jobs.begin(schedule, batch_tokens)
        running: Launched | None = None
        while schedule.busy or running or not runner.rows.is_empty:
            yield from self._jobs.join(schedule, batch_tokens)
            begun = time.perf_counter()
            self._start(schedule)
            started = time.perf_counter()
            launched = runner.launch()
            if launched is not None:
                self._stats.steps += 1
            if running is not None:
                yield from self._look(running)
            running = launched
            self._stats.prefill_s += started - begun
            self._stats.decode_s += time.perf_counter() - started

    def _start(self, schedule: PagedSchedule) -> None:
        runner = self._runner
        groups = schedule.admit(self._free_pages(schedule), runner.rows.free_slots)
        if not groups:
            return
        clips = [[self._question(question.number) for question in g.questions] for g in groups]
        for number, slot in runner.start(clips).items():
            job = self._jobs[number]
            self._slots[number] = slot
            self._history.begin(slot, job.decoding.max_new_tokens)
            is_heard = job.detokenizer.listener is not None
            self._watched[slot] = bool(is_heard or job.decoding.stop or job.constraint)
        self._stats.peak_kv_bytes = max(self._stats.peak_kv_bytes, runner.kv_bytes)

    def _free_pages(self, schedule: PagedSchedule) -> int:
        """Within the budget of this run."""
        pages = self._runner.pages
        return schedule.pages - (pages.total - len(pages))

    def _question(self, number: int) -> NewQuestion:
        job = self._jobs[number]
        return NewQuestion(number, job.prompt, job.decoding, job.constraint)

    def _look(self, launched: Launched) -> Iterator[tuple[int, Result]]:
        """Take the tokens of a step, and hand out the answers that it finishes."""
        told, step = launched.wait(), launched.step
        rows, slots = self._runner.rows, step.slots
        lives = rows.owner[slots] == step.owners
        if not lives.all():
            slots, told = slots[lives], told[:, lives]
        logprobs = told[LOGPROBS].view(np.float32)
        self._history.add(slots, told[IDS], logprobs)
        ended = told[ENDED] > 0
        if self._watched.any():
            watched = self._watched[slots]
            ended &= ~watched
            for row in np.flatnonzero(watched).tolist():
                number = int(rows.owner[slots[row]])
                yield from self._watch(number, int(told[IDS, row]), float(logprobs[row]))
        for slot in slots[ended].tolist():
            number = int(rows.owner[slot])
            detokenizer = self._jobs[number].detokenizer
            detokenizer.add_all(*self._history.of(slot))
            yield self._finish(number, detokenizer.answer())

    def _watch(self, number: int, token: int, logprob: float) -> Iterator[tuple[int, Result]]:
        """A token of a row whose text somebody reads, or that the host has a say in."""
        job = self._jobs[number]
        if job.detokenizer.cancelled:
            yield self._finish(number, Cancelled())
        elif job.detokenizer.add(token, logprob):
            yield self._finish(number, job.detokenizer.answer())
        elif job.constraint is not None:
            job.constraint.accept(token)
            self._runner.rows.resume(self._slots[number])

    def _finish(self, number: int, result: Result) -> tuple[int, Result]:
        self._jobs.end(number)
        slot = self._slots.pop(number, None)
        if slot is not None:
            self._watched[slot] = False
            self._runner.end(slot)
        return number, result
