"""Our engine: a sound is heard once, its prefix computed once, for all questions about it."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from af3core.errors import ModelError
from af3core.model.af3_model import Af3Model
from af3core.model.checked_audio import check_sound
from af3core.model.checkpoint import Checkpoint
from af3core.model.choosing import Chooser
from af3core.model.isolation import answer_isolated
from af3core.model.json_answers import JsonConstraint
from af3core.model.loading import LoadedWeights, choose_device, load_processor, load_weights
from af3core.model.prompt import InvalidPrompt, Prompt, Prompter, PromptTooLong
from af3core.model.request import Answer, Decoding, Request, Sound, Vector, Weights
from af3core.model.runner import Runner
from af3core.model.scheduler import CohortPlan, Group, Question, Scheduler
from af3core.model.writing import Writing

BATCH_TOKENS = 65_536
"""3.5 GiB for AF3's decoder: beside its weights on a GPU with 24 GB."""


@dataclass
class Spent:
    """Seconds of hearing and prefilling, seconds and steps of writing, and most bytes of keys and
    values held at once.
    """

    start_s: float = 0.0
    decode_s: float = 0.0
    steps: int = 0
    peak_kv_bytes: int = 0


class Af3Engine:
    """Answers requests about any number of sounds, within a budget of tokens.

    Args:
        processor: transformers' AudioFlamingo3Processor.
        weights: on the device that is to run.
        batch_tokens: places for keys and values that are held at once (56 KiB each for AF3's
            decoder in bfloat16).

    Attributes:
        spent: what the last call of `answer` took.
    """

    name = "af3"

    def __init__(
        self, processor: Any, weights: LoadedWeights, batch_tokens: int = BATCH_TOKENS
    ) -> None:
        self.processor = processor
        self.runners: dict[Weights, Runner] = {}
        for name, state in weights.states.items():
            model = Af3Model(weights.config, processor.feature_extractor.mel_filters)
            model.take_weights(state)
            self.runners[name] = Runner(model)
        self._end_ids = weights.end_ids
        self.batch_tokens = batch_tokens
        self.prompter = Prompter(self.processor, weights.config.text_config.max_position_embeddings)
        self.spent = Spent()

    @classmethod
    def load(
        cls,
        checkpoint: Checkpoint,
        dtype: str = "float32",
        device: str = "auto",
        batch_tokens: int = BATCH_TOKENS,
    ) -> Af3Engine:
        """The engine for a checkpoint, with its think adapter where there is one.

        Args:
            checkpoint: the weights.
            dtype: `float32` or `bfloat16`.
            device: `cpu`, `cuda` or `auto`.
            batch_tokens: as above.

        Raises:
            ConfigurationError: the checkpoint or the device cannot be used.
        """
        weights = load_weights(checkpoint, dtype, choose_device(device))
        return cls(load_processor(checkpoint), weights, batch_tokens)

    def answer(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """One answer or one error per request, in their order."""
        self.spent = Spent()
        return answer_isolated(requests, self._run, self._release_memory)

    def embed(self, sounds: Sequence[Sound]) -> list[Vector | ModelError]:
        """AF-Whisper's states of each sound, averaged over time, `[width]`; or one error."""
        return answer_isolated(sounds, self._embed, self._release_memory)

    @torch.inference_mode()
    def _embed(self, sounds: Sequence[Sound]) -> Iterator[tuple[int, Vector | ModelError]]:
        fit: dict[int, Sound] = {}
        for number, sound in enumerate(sounds):
            try:
                check_sound(sound)
                fit[number] = sound
            except ModelError as error:
                yield number, error
        states = self.runners["base"].states(list(fit.values()))
        for number, heard in zip(fit, states, strict=True):
            yield number, heard.float().mean(dim=0).cpu().numpy()

    @torch.inference_mode()
    def _run(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer | ModelError]]:
        """Each request's position with its result, as it is done; weights take turns."""
        jobs: dict[int, Job] = {}
        for number, request in enumerate(requests):
            try:
                jobs[number] = self._job(request)
            except ModelError as error:
                yield number, error
        for weights, runner in self.runners.items():
            chosen = {n: job for n, job in jobs.items() if job.weights == weights}
            desk = _Desk(runner, chosen, self._end_ids, self.spent)
            yield from desk.work(self.batch_tokens)

    def _job(self, request: Request) -> Job:
        if request.weights not in self.runners:
            raise InvalidPrompt(
                f"the checkpoint has no {request.weights} weights: they lie in its folder think/"
            )
        decoding, tokenizer = request.decoding, self.processor.tokenizer
        schema = decoding.json_schema
        return Job(
            prompt=self.prompter.write(request),
            decoding=decoding,
            weights=request.weights,
            writing=Writing(decoding, self._end_ids, tokenizer),
            constraint=JsonConstraint(tokenizer, schema) if schema else None,
        )

    def _release_memory(self) -> None:
        for runner in self.runners.values():
            runner.forget()
        gc.collect()
        torch.cuda.empty_cache()  # does nothing where CUDA was not used


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


class _Desk:
    """One run: asks the scheduler what to do, has the runner do it, hands answers out."""

    def __init__(
        self, runner: Runner, jobs: Mapping[int, Job], end_ids: frozenset[int], spent: Spent
    ) -> None:
        self._runner = runner
        self._jobs = jobs
        self._end_ids = end_ids
        self._rows: dict[int, _Rows] = {}
        self._spent = spent

    def work(self, batch_tokens: int) -> Iterator[tuple[int, Answer | ModelError]]:
        """Each request's number with its result, as it is done."""
        groups = plan_groups(
            {number: job.prompt for number, job in self._jobs.items()},
            {number: job.decoding.max_new_tokens for number, job in self._jobs.items()},
        )
        scheduler = Scheduler(groups, batch_tokens)
        for question in scheduler.too_large:
            ids = self._jobs[question.number].prompt.ids
            yield (
                question.number,
                PromptTooLong(
                    f"{len(ids)} tokens and an answer of {question.answer_tokens} do not fit the"
                    f" budget of {batch_tokens}; raise --batch-tokens"
                ),
            )
        while scheduler.busy:
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
    ) -> Iterator[tuple[int, Answer]]:
        """Choose each row's next token, and hand out the answers that it finishes."""
        rows = self._rows[cohort]
        rows.next_ids, logprobs = rows.chooser.choose(logits)
        tokens = zip(rows.numbers, rows.next_ids.tolist(), logprobs.tolist(), strict=True)
        for row, (number, token, logprob) in enumerate(tokens):
            writing = self._jobs[number].writing
            if not rows.finished[row] and writing.add(token, logprob):
                rows.finished[row] = True
                scheduler.finish(cohort, row)
                yield number, writing.answer()

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
