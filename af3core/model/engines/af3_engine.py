"""Our engine: a sound is encoded once, its prefix computed once, for all questions about it."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import torch

from af3core.errors import ModelError
from af3core.model.isolation import answer_isolated
from af3core.model.network.af3_model import Af3Model
from af3core.model.prompt import InvalidPrompt, PromptBuilder
from af3core.model.request import Answer, Request, Sound, Vector, Weights, check_sound
from af3core.model.runtime.batch_loop import BatchLoop, Job, RunStats
from af3core.model.runtime.detokenizer import Detokenizer
from af3core.model.runtime.json_constraint import JsonConstraint
from af3core.model.runtime.runner import Runner
from af3core.model.streaming.stream import Stream
from af3core.model.streaming.stream_batches import FairLock, Join, PendingRequest, StreamBatches
from af3core.model.weights.checkpoint import Checkpoint
from af3core.model.weights.loading import LoadedWeights, choose_device, load_processor, load_weights

BATCH_TOKENS = 65_536
"""3.5 GiB for AF3's decoder: beside its weights on a GPU with 24 GB."""


class Af3Engine:
    """Answers requests about any number of sounds, within a budget of tokens.

    Args:
        processor: transformers' AudioFlamingo3Processor.
        weights: on the device that is to run.
        batch_tokens: places for keys and values that are held at once (56 KiB each for AF3's
            decoder in bfloat16).

    Attributes:
        stats: what the last call of `answer` took.
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
        self.prompt_builder = PromptBuilder(
            self.processor, weights.config.text_config.max_position_embeddings
        )
        self.stats = RunStats()
        self._turn = FairLock()
        self._streams = StreamBatches(self._turn, self._run, self._release_memory)

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
        with self._turn:
            self.stats = RunStats()
            asked = [PendingRequest(request) for request in requests]
            return answer_isolated(asked, self._run, self._release_memory)

    def stream(self, requests: Sequence[Request]) -> Stream:
        """The answers' text as it is written; see `StreamingEngine`.

        Streams are written together, whoever opened them; what `answer` and `embed` are asked
        meanwhile waits for those that have begun.
        """
        return self._streams.open(requests)

    def embed(self, sounds: Sequence[Sound]) -> list[Vector | ModelError]:
        """AF-Whisper's states of each sound, averaged over time, `[width]`; or one error."""
        with self._turn:
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
        for weights, runner in self.runners.items():
            chosen = {n: job for n, job in jobs.items() if job.weights == weights}
            new_jobs = None
            if join is not None:
                new_jobs = partial(self._new_jobs, join, weights)
            loop = BatchLoop(runner, chosen, self._end_ids, self.stats, new_jobs)
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

    def _job(self, asked: PendingRequest) -> Job:
        request = asked.request
        if request.weights not in self.runners:
            raise InvalidPrompt(
                f"the checkpoint has no {request.weights} weights: they lie in its folder think/"
            )
        decoding, tokenizer = request.decoding, self.processor.tokenizer
        schema = decoding.json_schema
        return Job(
            prompt=self.prompt_builder.build(request),
            decoding=decoding,
            weights=request.weights,
            detokenizer=Detokenizer(decoding, self._end_ids, tokenizer, asked.listener),
            constraint=JsonConstraint(tokenizer, schema) if schema else None,
        )

    def _release_memory(self) -> None:
        for runner in self.runners.values():
            runner.forget()
        gc.collect()
        torch.cuda.empty_cache()  # does nothing where CUDA was not used
