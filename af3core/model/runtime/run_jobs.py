"""The jobs of a run of a loop: those that begin it, join it, or end before they start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from af3core.errors import ModelError
from af3core.model.prompt import Prompt, PromptTooLong
from af3core.model.request import Decoding, Weights
from af3core.model.runtime.detokenizer import Detokenizer
from af3core.model.runtime.json_constraint import JsonConstraint
from af3core.model.runtime.scheduler import Group, Question, WaitingGroups
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


NewJobs = Callable[[], Iterator[tuple[int, Job | ModelError]]]
"""Gives jobs that join while others run, or their errors."""


class RunJobs:
    """Jobs by number, from their coming to their answer.

    Args:
        jobs: that begin the run.
        new_jobs: gives those that join; None where none do.
    """

    def __init__(self, jobs: Mapping[int, Job], new_jobs: NewJobs | None) -> None:
        self._jobs: dict[int, Job] = {}
        self._heard: set[int] = set()
        self._begin = jobs
        self._new_jobs = new_jobs

    def __getitem__(self, number: int) -> Job:
        return self._jobs[number]

    def begin(self, waiting: WaitingGroups, batch_tokens: int) -> Iterator[tuple[int, ModelError]]:
        """Queue those that begin the run; errors of those that no budget holds."""
        self._add(self._begin, waiting)
        yield from self._reject_too_large(waiting, batch_tokens)

    def join(self, waiting: WaitingGroups, batch_tokens: int) -> Iterator[tuple[int, ModelError]]:
        """Queue those that join; errors of those that cannot be asked, or that no budget holds, and
        of cancelled ones that have not started. Whoever writes an answer ends those that have.
        """
        if self._new_jobs is None:
            return
        jobs: dict[int, Job] = {}
        for number, job in self._new_jobs():
            if isinstance(job, ModelError):
                yield number, job
            else:
                jobs[number] = job
        if jobs:
            self._add(jobs, waiting)
            yield from self._reject_too_large(waiting, batch_tokens)
        yield from self._drop_cancelled(waiting)

    def end(self, number: int) -> None:
        """Its answer is written, or not wanted."""
        del self._jobs[number]
        self._heard.discard(number)

    def _add(self, jobs: Mapping[int, Job], waiting: WaitingGroups) -> None:
        self._jobs |= jobs
        self._heard |= {n for n, job in jobs.items() if job.detokenizer.listener is not None}
        waiting.add(groups_of_jobs(jobs))

    def _reject_too_large(
        self, waiting: WaitingGroups, batch_tokens: int
    ) -> Iterator[tuple[int, ModelError]]:
        while waiting.too_large:
            question = waiting.too_large.pop()
            prompt = self._jobs[question.number].prompt
            self.end(question.number)
            yield question.number, beyond_budget(prompt, question.answer_tokens, batch_tokens)

    def _drop_cancelled(self, waiting: WaitingGroups) -> Iterator[tuple[int, ModelError]]:
        gone = [number for number in self._heard if self._jobs[number].detokenizer.cancelled]
        for number in waiting.remove(gone) if gone else ():
            self.end(number)
            yield number, Cancelled()


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
