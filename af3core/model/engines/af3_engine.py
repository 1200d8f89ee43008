"""Our engine: a sound is encoded once, its prefix computed once, for all questions about it."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from af3core.errors import ModelError
from af3core.model.engines.prompts_ahead import Heard, PromptsAhead, log_mel_ahead
from af3core.model.forced_answer import ForcedAnswer, Head
from af3core.model.isolation import answer_isolated, as_model_error
from af3core.model.network.af3_model import Af3Model
from af3core.model.network.log_mel import LogMel
from af3core.model.prompt import InvalidPrompt, Prompt, PromptBuilder
from af3core.model.request import Answer, Request, Sound, Vector, Weights, check_sound
from af3core.model.runtime.accelerator import CudaAccelerator
from af3core.model.runtime.batch_loop import BatchLoop
from af3core.model.runtime.detokenizer import Detokenizer
from af3core.model.runtime.json_constraint import JsonConstraint
from af3core.model.runtime.paged_loop import PagedLoop, schedule_of
from af3core.model.runtime.paged_runner import PagedRunner
from af3core.model.runtime.paged_schedule import PagedSchedule
from af3core.model.runtime.paged_setup import free_bytes_of, paged_runners
from af3core.model.runtime.run_jobs import Job, RunStats, beyond_budget, plan_groups
from af3core.model.runtime.runner import Runner
from af3core.model.runtime.scheduler import Scheduler
from af3core.model.runtime.teacher_forcing import force_answer
from af3core.model.streaming.stream import Stream
from af3core.model.streaming.stream_batches import FairLock, Join, PendingRequest, StreamBatches
from af3core.model.weights.checkpoint import Checkpoint
from af3core.model.weights.loading import (
    LoadedWeights,
    choose_device,
    limit_of_processor,
    load_processor,
    load_weights,
)
from schemas.options.night import DEFAULT_BATCH_TOKENS, DEFAULT_PROMPT_FORM, PromptFormName

BATCH_TOKENS = DEFAULT_BATCH_TOKENS
"""Of a CPU, 3.5 GiB for AF3's decoder in bfloat16; at this number, the default, a GPU takes as many
as its free memory holds."""


@dataclass(frozen=True)
class _Side:
    """What answers requests of one kind of weights: tensors, prompts, words."""

    model: Af3Model
    runner: Runner | PagedRunner
    prompt_builder: PromptBuilder
    tokenizer: Any
    end_ids: frozenset[int]


def _free_memory() -> None:
    """Give back what no tensor holds."""
    gc.collect()
    torch.cuda.empty_cache()  # does nothing where CUDA was not used


class Af3Engine:
    """Answers requests about any number of sounds, within a budget of tokens.

    Args:
        processor: transformers' processor of the checkpoint.
        weights: on the device that is to run.
        batch_tokens: places for keys and values that are held at once (56 KiB each for AF3's
            decoder in bfloat16); on a GPU at the default as many as its free memory holds.
        think: processor and weights of a whole checkpoint that thinks beside it.
        prompt_form: how sounds and words are put to the model.

    Attributes:
        stats: what the last call of `answer` took.
    """

    name = "af3"

    def __init__(
        self,
        processor: Any,
        weights: LoadedWeights,
        batch_tokens: int = BATCH_TOKENS,
        think: tuple[Any, LoadedWeights] | None = None,
        prompt_form: PromptFormName = DEFAULT_PROMPT_FORM,
    ) -> None:
        log_mels: dict[Weights, LogMel | None] = dict.fromkeys(
            weights.states, log_mel_ahead(processor, weights)
        )
        if think is not None:
            log_mels["think"] = log_mel_ahead(*think)
        self._ahead = PromptsAhead(log_mels)
        self.processor = processor
        models = _models(processor, weights, prompt_form)
        if think is not None:
            models["think"] = _models(*think, prompt_form)["base"]
        self._sides = _sides(models, batch_tokens)
        rooms = [_room(side.runner) for side in self._sides.values()]
        self.batch_tokens = max(rooms, default=0) or batch_tokens
        self.stats = RunStats()
        self._turn = FairLock()
        self._streams = StreamBatches(
            self._turn, self._run, self._release_memory, lambda: self.batch_tokens
        )

    @property
    def runners(self) -> dict[Weights, Runner | PagedRunner]:
        """By the weights that they hold."""
        return {name: side.runner for name, side in self._sides.items()}

    @property
    def prompt_builder(self) -> PromptBuilder:
        """Of the base weights."""
        return self._sides["base"].prompt_builder

    @classmethod
    def load(
        cls,
        checkpoint: Checkpoint,
        dtype: str = "float32",
        device: str = "auto",
        batch_tokens: int = BATCH_TOKENS,
        prompt_form: PromptFormName = DEFAULT_PROMPT_FORM,
    ) -> Af3Engine:
        """The engine for a checkpoint, with its think adapter or the checkpoint that thinks beside
        it, where there is one.

        Args:
            checkpoint: the weights.
            dtype: `float32` or `bfloat16`.
            device: `cpu`, `cuda` or `auto`.
            batch_tokens: as above.
            prompt_form: as above.

        Raises:
            ConfigurationError: the checkpoint or the device cannot be used.
        """
        place = choose_device(device)
        weights, beside = load_weights(checkpoint, dtype, place), None
        if checkpoint.think is not None:
            beside = load_processor(checkpoint.think), load_weights(checkpoint.think, dtype, place)
        return cls(load_processor(checkpoint), weights, batch_tokens, beside, prompt_form)

    def answer(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """One answer or one error per request, in their order."""
        with self._turn:
            self.stats = RunStats()
            asked = [PendingRequest(request) for request in requests]
            return answer_isolated(asked, self._run, self._release_memory)

    def stream(self, requests: Sequence[Request]) -> Stream:
        """The answers' text as it is written; see `StreamingEngine`.

        Streams are written together, whoever opened them; what `answer` is asked meanwhile waits
        for those that have begun.
        """
        return self._streams.open(requests)

    def answer_beside(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """One answer or one error per request, in their order; see `StreamingEngine`.

        Prompts are made on the thread that asks, and so is the log-mel where a GPU computes all
        else. Streams are written in the same batches.
        """
        found: dict[int, Answer | ModelError] = {}
        asked: dict[int, tuple[Request, Prompt]] = {}
        heard: Heard = {}
        for number, request in enumerate(requests):
            try:
                builder = self._side_of(request).prompt_builder
                asked[number] = request, self._ahead.prompt(request, builder, heard)
            except Exception as error:  # as `answer_isolated`: it fails alone
                found[number] = as_model_error(error)
        found |= zip(asked, self._streams.answer(list(asked.values())), strict=True)
        return [found[number] for number in range(len(requests))]

    def refusal(self, request: Request) -> ModelError | None:
        """Why a request would not be taken: its audio, its words, or more tokens than the model's
        positions or `batch_tokens`. Nothing is computed.
        """
        try:
            side = self._side_of(request)
            prompt = side.prompt_builder.build(request)
        except ModelError as error:
            return error
        answer_tokens = request.decoding.max_new_tokens
        groups = plan_groups({0: prompt}, {0: answer_tokens})
        schedule: PagedSchedule | Scheduler
        if isinstance(side.runner, PagedRunner):
            schedule = schedule_of(side.runner.sizes, self.batch_tokens)
            schedule.add(groups)
        else:
            schedule = Scheduler(groups, self.batch_tokens)
        if not schedule.too_large:
            return None
        return beyond_budget(prompt, answer_tokens, self.batch_tokens)

    def embed(self, sounds: Sequence[Sound]) -> list[Vector | ModelError]:
        """AF-Whisper's states of each sound, averaged over time, `[width]`; or one error.

        They are computed between two steps of what is written meanwhile.
        """
        return self._streams.call(lambda: answer_isolated(sounds, self._embed, _free_memory))

    def force(self, request: Request, text: str, heads: Sequence[Head] | None) -> ForcedAnswer:
        """A text as the answer to a request about one sound; see `force_answer`.

        It is computed between two steps of what is written meanwhile.
        """
        side = self._side_of(request)
        words = side.prompt_builder, side.tokenizer
        return self._streams.call(
            lambda: force_answer(side.model, side.runner.encode, *words, request, text, heads)
        )

    @torch.inference_mode()
    def _embed(self, sounds: Sequence[Sound]) -> Iterator[tuple[int, Vector | ModelError]]:
        fit: dict[int, Sound] = {}
        for number, sound in enumerate(sounds):
            try:
                check_sound(sound, self.prompt_builder.limit)
                fit[number] = sound
            except ModelError as error:
                yield number, error
        states = self.runners["base"].encoder_states(list(fit.values()))
        for number, rows in zip(fit, states, strict=True):
            yield number, rows.float().mean(dim=0).cpu().numpy()

    @torch.inference_mode()
    def _run(
        self, asked: Sequence[PendingRequest], join: Join | None = None
    ) -> Iterator[tuple[int, Answer | ModelError]]:
        """Each request's position with its result, as it is done; weights take turns."""
        jobs: dict[int, Job] = {}
        for number, job in self._jobs(enumerate(asked)):
            if isinstance(job, ModelError):
                yield number, job
            else:
                jobs[number] = job
        for weights, side in self._sides.items():
            chosen = {n: job for n, job in jobs.items() if job.weights == weights}
            new_jobs = None
            if join is not None:
                new_jobs = partial(self._new_jobs, join, weights)
            loop: BatchLoop | PagedLoop
            if isinstance(side.runner, PagedRunner):
                loop = PagedLoop(side.runner, chosen, self.stats, new_jobs)
            else:
                loop = BatchLoop(side.runner, chosen, side.end_ids, self.stats, new_jobs)
            yield from loop.run(self.batch_tokens)

    def _new_jobs(self, join: Join, weights: Weights) -> Iterator[tuple[int, Job | ModelError]]:
        return self._jobs(join(weights))

    def _jobs(
        self, asked: Iterable[tuple[int, PendingRequest]]
    ) -> Iterator[tuple[int, Job | ModelError]]:
        """Each request's number with its job, or with the error that makes it none."""
        for number, one in asked:
            try:
                yield number, self._job(one)
            except ModelError as error:
                yield number, error

    def _side_of(self, request: Request) -> _Side:
        side = self._sides.get(request.weights)
        if side is None:
            raise InvalidPrompt(
                f"the checkpoint has no {request.weights} weights: they lie in its folder think/"
                " or are a checkpoint of their own, for --think-model"
            )
        return side

    def _job(self, asked: PendingRequest) -> Job:
        request = asked.request
        side = self._side_of(request)
        decoding, tokenizer = request.decoding, side.tokenizer
        schema = decoding.json_schema
        return Job(
            prompt=asked.prompt or side.prompt_builder.build(request),
            decoding=decoding,
            weights=request.weights,
            detokenizer=Detokenizer(decoding, side.end_ids, tokenizer, asked.listener),
            constraint=JsonConstraint(tokenizer, schema) if schema else None,
        )

    def _release_memory(self) -> None:
        for side in self._sides.values():
            side.runner.forget()
        _free_memory()


@dataclass(frozen=True)
class _Loaded:
    """A model with its words, before a runner is made for it."""

    model: Af3Model
    prompt_builder: PromptBuilder
    tokenizer: Any
    end_ids: frozenset[int]


def _models(
    processor: Any, weights: LoadedWeights, prompt_form: PromptFormName
) -> dict[Weights, _Loaded]:
    """A checkpoint's weights by name, with what they share."""
    limit = limit_of_processor(processor)
    positions = weights.config.text_config.max_position_embeddings
    prompt_builder = PromptBuilder(processor, positions, limit, prompt_form)
    models: dict[Weights, _Loaded] = {}
    for name, state in weights.states.items():
        model = Af3Model(weights.config, processor.feature_extractor.mel_filters, limit)
        model.take_weights(state)
        models[name] = _Loaded(model, prompt_builder, processor.tokenizer, weights.end_ids)
    return models


def _sides(models: Mapping[Weights, _Loaded], batch_tokens: int) -> dict[Weights, _Side]:
    """Models with their runners, once all weights are where they are to be."""
    runners: Mapping[Weights, Runner | PagedRunner]
    device = models["base"].model.device
    share_cores(device)
    if device.type == "cuda":
        runners = paged_runners(
            {name: loaded.model for name, loaded in models.items()},
            {name: loaded.end_ids for name, loaded in models.items()},
            CudaAccelerator(device),
            free_bytes_of(device),
            None if batch_tokens == BATCH_TOKENS else batch_tokens,
        )
    else:
        runners = {name: Runner(loaded.model) for name, loaded in models.items()}
    return {
        name: _Side(
            loaded.model, runners[name], loaded.prompt_builder, loaded.tokenizer, loaded.end_ids
        )
        for name, loaded in models.items()
    }


def share_cores(device: torch.device) -> None:
    """Where a GPU computes, the cores are those of the threads that ask, which make log-mels, one a
    core: torch takes one thread for each from now on, where it would take all cores for each.
    """
    if device.type == "cuda":
        torch.set_num_threads(1)


def _room(runner: Runner | PagedRunner) -> int:
    """Tokens of its pool; 0 where it has none."""
    return runner.sizes.tokens if isinstance(runner, PagedRunner) else 0
