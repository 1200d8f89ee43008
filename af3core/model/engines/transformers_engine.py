"""The reference engine: transformers' own `generate`, encoding and prefilling every question anew.

Runs what our engine does not compute too: checkpoints of the family with odd settings.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)
from transformers.generation.streamers import BaseStreamer

from af3core.errors import ModelError
from af3core.model.audio_limits import SAMPLE_RATE_HZ, audio_tokens
from af3core.model.isolation import answer_isolated
from af3core.model.prompt import InvalidPrompt, Prompt, PromptBuilder
from af3core.model.request import Answer, Decoding, Request, Sound, Vector, Waveform, check_sound
from af3core.model.runtime.detokenizer import Detokenizer
from af3core.model.streaming.stream import Cancelled, Stream
from af3core.model.streaming.stream_batches import FairLock, Join, PendingRequest, StreamBatches
from af3core.model.weights.checkpoint import Checkpoint
from af3core.model.weights.loading import (
    choose_device,
    end_ids,
    limit_of_processor,
    load_processor,
    load_transformers_model,
)
from schemas.options.night import DEFAULT_PROMPT_FORM, PromptFormName

BATCH_TOKENS = 16_384


class TransformersEngine:
    """Answers in batches of one decoding setting, sorted by length, within a budget of tokens.

    Args:
        processor: transformers' processor of the checkpoint.
        model: transformers' model, on its device.
        batch_tokens: most positions (audio, prompt and answer, padding included) of a batch.
        prompt_form: how sounds and words are put to the model.
    """

    name = "transformers"

    def __init__(
        self,
        processor: Any,
        model: Any,
        batch_tokens: int = BATCH_TOKENS,
        prompt_form: PromptFormName = DEFAULT_PROMPT_FORM,
    ) -> None:
        self.batch_tokens = batch_tokens
        self._processor = processor
        self.model = model
        text_config = self.model.config.text_config
        limit = limit_of_processor(processor)
        positions = text_config.max_position_embeddings
        self.prompt_builder = PromptBuilder(processor, positions, limit, prompt_form)
        self._end_ids = end_ids(self.model)
        self._turn = FairLock()
        self._streams = StreamBatches(
            self._turn, self._run_all, self._release_memory, lambda: self.batch_tokens
        )

    @classmethod
    def load(
        cls,
        checkpoint: Checkpoint,
        dtype: str = "float32",
        device: str = "auto",
        batch_tokens: int = BATCH_TOKENS,
        prompt_form: PromptFormName = DEFAULT_PROMPT_FORM,
    ) -> TransformersEngine:
        """The engine for a checkpoint; arguments as those of Af3Engine.load.

        Raises:
            ConfigurationError: the checkpoint or the device cannot be used.
        """
        model = load_transformers_model(checkpoint, dtype, choose_device(device))
        return cls(load_processor(checkpoint), model, batch_tokens, prompt_form)

    def answer(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """One answer or one error per request, in their order."""
        results: dict[int, Answer | ModelError] = {}
        prompts: dict[int, Prompt] = {}
        for number, request in enumerate(requests):
            try:
                prompts[number] = self._prompt(request)
            except ModelError as error:
                results[number] = error
        with self._turn:
            for batch in plan_batches(requests, prompts, self.batch_tokens):
                asked = [PendingRequest(requests[i]) for i in batch]
                answers = answer_isolated(asked, self._run_batch, self._release_memory)
                results.update(zip(batch, answers, strict=True))
        return [results[number] for number in range(len(requests))]

    def stream(self, requests: Sequence[Request]) -> Stream:
        """The answers' text as it is written, batch after batch; see `StreamingEngine`.

        A stream that comes while a batch is written starts behind it.
        """
        return self._streams.open(requests)

    def answer_beside(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """One answer or one error per request, in their order; see `StreamingEngine`.

        What comes while a batch is written starts behind it.
        """
        return self._streams.answer([(request, None) for request in requests])

    def _run_all(
        self, asked: Sequence[PendingRequest], join: Join
    ) -> Iterator[tuple[int, Answer | ModelError]]:
        """Each position's result; `generate` lets nobody join."""
        prompts: dict[int, Prompt] = {}
        for number, one in enumerate(asked):
            try:
                prompts[number] = self._prompt(one.request)
            except ModelError as error:
                yield number, error
        requests = [one.request for one in asked]
        for batch in plan_batches(requests, prompts, self.batch_tokens):
            left = [number for number in batch if not asked[number].cancelled]
            for number in set(batch) - set(left):
                yield number, Cancelled()
            if left:
                for place, result in self._run_batch([asked[number] for number in left]):
                    yield left[place], result

    def refusal(self, request: Request) -> ModelError | None:
        """Why a request would not be taken: its audio, its words, or their length. A single request
        may exceed `batch_tokens`.
        """
        try:
            self._prompt(request)
        except ModelError as error:
            return error
        return None

    def embed(self, sounds: Sequence[Sound]) -> list[Vector | ModelError]:
        """The encoder's states of each sound, averaged over time, `[width]`; or one error."""
        with self._turn:
            return answer_isolated(sounds, self._embed, self._release_memory)

    @torch.inference_mode()
    def _embed(self, sounds: Sequence[Sound]) -> Iterator[tuple[int, Vector | ModelError]]:
        for number, sound in enumerate(sounds):
            try:
                check_sound(sound, self.prompt_builder.limit)
            except ModelError as error:
                yield number, error
                continue
            windows = sound.windows(self.prompt_builder.limit)
            features = self._features(windows)
            states = self.model.model.audio_tower(**features).last_hidden_state
            tokens = [audio_tokens(len(window)) for window in windows]
            real = [row[:count] for row, count in zip(states, tokens, strict=True)]
            yield number, torch.cat(real).float().mean(dim=0).cpu().numpy()

    def _prompt(self, request: Request) -> Prompt:
        if request.weights != "base" or request.decoding.json_schema:
            raise InvalidPrompt(
                "the engine transformers has neither think weights nor JSON answers;"
                " use --engine af3"
            )
        return self.prompt_builder.build(request)

    @torch.inference_mode()
    def _run_batch(
        self, asked: Sequence[PendingRequest]
    ) -> Iterator[tuple[int, Answer | ModelError]]:
        prompts = [self.prompt_builder.build(one.request) for one in asked]
        decoding = asked[0].request.decoding
        logprobs, streamer = TokenLogprobs(), None
        if any(one.listener for one in asked):
            streamer = BatchStreamer([self._detokenizer(one) for one in asked])
        if decoding.temperature:
            torch.manual_seed(decoding.seed)
        ids = self.model.generate(
            **self.inputs(prompts),
            **generate_options(decoding),
            logits_processor=LogitsProcessorList([logprobs]),
            return_dict_in_generate=False,
            streamer=streamer,
            stopping_criteria=StoppingCriteriaList([streamer.stop_rows] if streamer else []),
        )
        new = ids[:, max(len(prompt.ids) for prompt in prompts) :]
        by_row = logprobs.of(new)
        for row, (one, tokens) in enumerate(zip(asked, new.tolist(), strict=True)):
            if one.cancelled:
                yield row, Cancelled()
                continue
            detokenizer = self._detokenizer(PendingRequest(one.request))
            for token, logprob in zip(tokens, by_row[row], strict=True):
                if detokenizer.add(token, logprob):
                    break
            yield row, detokenizer.answer()

    def _detokenizer(self, asked: PendingRequest) -> Detokenizer:
        tokenizer = self._processor.tokenizer
        return Detokenizer(asked.request.decoding, self._end_ids, tokenizer, asked.listener)

    def inputs(self, prompts: Sequence[Prompt]) -> dict[str, Tensor]:
        """Ids padded on the left, and every window's features, 30 s each."""
        longest = max(len(prompt.ids) for prompt in prompts)
        pad = self.model.generation_config.pad_token_id or 0
        ids = torch.full((len(prompts), longest), pad)
        mask = torch.zeros_like(ids)
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt.ids) :] = torch.tensor(prompt.ids)
            mask[row, longest - len(prompt.ids) :] = 1
        inputs = {"input_ids": ids, "attention_mask": mask}
        windows = [
            window
            for prompt in prompts
            for sound in prompt.sounds
            for window in sound.windows(self.prompt_builder.limit)
        ]
        placed = {name: tensor.to(self.model.device) for name, tensor in inputs.items()}
        return placed | (self._features(windows) if windows else {})

    def _features(self, windows: Sequence[Waveform]) -> dict[str, Tensor]:
        """Log-mel of windows, `[windows, mel, frames]`, and which frames are real."""
        features = self._processor.feature_extractor(
            list(windows),
            sampling_rate=SAMPLE_RATE_HZ,
            return_attention_mask=True,
            return_tensors="pt",
        )
        mel = features.input_features.to(self.model.device, self.model.dtype)
        mask = features.attention_mask.to(self.model.device)
        return {"input_features": mel, "input_features_mask": mask}

    def _release_memory(self) -> None:
        gc.collect()
        torch.cuda.empty_cache()  # does nothing where CUDA was not used


def generate_options(decoding: Decoding) -> dict[str, Any]:
    """A decoding in the words of transformers' `generate`."""
    sampled = decoding.temperature > 0
    return {
        "do_sample": sampled,
        "temperature": decoding.temperature if sampled else None,
        "top_p": decoding.top_p if sampled else None,
        "top_k": decoding.top_k if sampled else None,
        "repetition_penalty": decoding.repetition_penalty,
        "min_new_tokens": decoding.min_new_tokens or None,
        "max_new_tokens": decoding.max_new_tokens,
    }


def plan_batches(
    requests: Sequence[Request], prompts: dict[int, Prompt], batch_tokens: int
) -> list[list[int]]:
    """Group requests of equal decoding and similar length, within a budget of positions.

    A single request may exceed the budget; it then runs alone, as does every sampled one, whose
    seed is its own.
    """

    def width(number: int) -> int:
        return len(prompts[number].ids) + requests[number].decoding.max_new_tokens

    def setting(number: int) -> tuple[str, bool]:
        return repr(replace(requests[number].decoding, stop=())), not prompts[number].sounds

    batches: list[list[int]] = []
    for number in sorted(prompts, key=lambda n: (setting(n), width(n))):
        if (
            batches
            and not requests[number].decoding.temperature
            and setting(batches[-1][0]) == setting(number)
            and (len(batches[-1]) + 1) * width(number) <= batch_tokens
        ):
            batches[-1].append(number)
        else:
            batches.append([number])
    return batches


class BatchStreamer(BaseStreamer):
    """A streamer for a whole batch: gives each row's text to its listener.

    Args:
        detokenizers: of the rows, which end on their own; their log-probabilities are not used.
    """

    def __init__(self, detokenizers: Sequence[Detokenizer]) -> None:
        self._detokenizers = detokenizers
        self._ended = [False] * len(detokenizers)
        self.stop_rows = _StopFinishedRows(detokenizers, self._ended)

    def put(self, value: Tensor) -> None:
        """The prompts `[rows, tokens]` first, then each step's tokens `[rows]`."""
        if value.ndim > 1:
            return
        for row, token in enumerate(value.tolist()):
            if not self._ended[row]:
                self._ended[row] = self._detokenizers[row].add(token, 0.0)

    def end(self) -> None:
        """Called when all rows are written."""


class _StopFinishedRows(StoppingCriteria):
    """Ends rows that are cancelled, or at a stop text."""

    def __init__(self, detokenizers: Sequence[Detokenizer], ended: Sequence[bool]) -> None:
        self._detokenizers = detokenizers
        self._ended = ended

    def __call__(self, input_ids: Tensor, scores: Tensor, **options: object) -> Tensor:
        done = [
            ended or detokenizer.cancelled
            for ended, detokenizer in zip(self._ended, self._detokenizers, strict=True)
        ]
        return torch.tensor(done, device=input_ids.device)


class TokenLogprobs(LogitsProcessor):
    """Log-probabilities of the tokens that `generate` chooses, one number a step and row.

    Asking `generate` for its logits keeps `[steps, batch, vocabulary]`, a gigabyte for a batch of
    long answers over AF3's 151,672 tokens; this keeps one step. It sees each step's scores
    `[batch, vocabulary]` and must be the last processor before sampling.

    A greedy step takes the best token; of a sampled one the token is known a step later, from
    `input_ids`, so each step's log-softmax is kept until then.
    """

    def __init__(self) -> None:
        self._logprobs: list[Tensor] = []
        self._last: Tensor | None = None

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        if self._last is not None:
            self._logprobs.append(self._last.gather(1, input_ids[:, -1:])[:, 0])
        self._last = scores.float().log_softmax(-1)
        return scores

    def of(self, new_ids: Tensor) -> list[list[float]]:
        """Of the new tokens `[batch, steps]`, by row."""
        if self._last is None:
            return [[] for _ in new_ids]
        last = self._last.gather(1, new_ids[:, -1:])[:, 0]
        rows: list[list[float]] = torch.stack([*self._logprobs, last], dim=1).tolist()
        return rows
