"""The reference engine: transformers' own `generate`, encoding and prefilling every question anew.

Runs what our engine does not compute too: Music Flamingo, and AF3 checkpoints of odd settings.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from transformers import LogitsProcessorList, StoppingCriteriaList

from af3core.errors import ModelError
from af3core.model.checked_audio import check_sound
from af3core.model.checkpoint import Checkpoint
from af3core.model.isolation import answer_isolated
from af3core.model.limits import SAMPLE_RATE_HZ, audio_tokens
from af3core.model.loading import (
    choose_device,
    end_ids,
    load_processor,
    load_transformers_model,
)
from af3core.model.logprobs import TokenLogprobs
from af3core.model.prompt import InvalidPrompt, Prompt, Prompter
from af3core.model.request import Answer, Decoding, Request, Sound, Vector, Waveform
from af3core.model.streaming import Cancelled, Stream
from af3core.model.streaming_batches import Asked, Join, ModelTurn, StreamBatches
from af3core.model.streaming_rows import RowWatch
from af3core.model.writing import Writing

BATCH_TOKENS = 16_384


class TransformersEngine:
    """Answers in batches of one decoding setting, sorted by length, within a budget of tokens.

    Args:
        processor: transformers' processor of the checkpoint.
        model: transformers' model, on its device.
        batch_tokens: most positions (audio, prompt and answer, padding included) of a batch.
    """

    name = "transformers"

    def __init__(self, processor: Any, model: Any, batch_tokens: int = BATCH_TOKENS) -> None:
        self.batch_tokens = batch_tokens
        self._processor = processor
        self.model = model
        text_config = self.model.config.text_config
        self.prompter = Prompter(self._processor, text_config.max_position_embeddings)
        self._end_ids = end_ids(self.model)
        self._turn = ModelTurn()
        self._streams = StreamBatches(self._turn, self._run_all, self._release_memory)

    @classmethod
    def load(
        cls,
        checkpoint: Checkpoint,
        dtype: str = "float32",
        device: str = "auto",
        batch_tokens: int = BATCH_TOKENS,
    ) -> TransformersEngine:
        """The engine for a checkpoint; arguments as those of Af3Engine.load.

        Raises:
            ConfigurationError: the checkpoint or the device cannot be used.
        """
        model = load_transformers_model(checkpoint, dtype, choose_device(device))
        return cls(load_processor(checkpoint), model, batch_tokens)

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
                asked = [Asked(requests[i]) for i in batch]
                answers = answer_isolated(asked, self._run_batch, self._release_memory)
                results.update(zip(batch, answers, strict=True))
        return [results[number] for number in range(len(requests))]

    def stream(self, requests: Sequence[Request]) -> Stream:
        """The answers' text as it is written, batch after batch; see `StreamingEngine`.

        A stream that comes while a batch is written starts behind it.
        """
        return self._streams.open(requests)

    def _run_all(
        self, asked: Sequence[Asked], join: Join
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

    def embed(self, sounds: Sequence[Sound]) -> list[Vector | ModelError]:
        """The encoder's states of each sound, averaged over time, `[width]`; or one error."""
        with self._turn:
            return answer_isolated(sounds, self._embed, self._release_memory)

    @torch.inference_mode()
    def _embed(self, sounds: Sequence[Sound]) -> Iterator[tuple[int, Vector | ModelError]]:
        for number, sound in enumerate(sounds):
            try:
                check_sound(sound)
            except ModelError as error:
                yield number, error
                continue
            features = self._features(sound.windows)
            states = self.model.model.audio_tower(**features).last_hidden_state
            tokens = [audio_tokens(len(window)) for window in sound.windows]
            real = [row[:count] for row, count in zip(states, tokens, strict=True)]
            yield number, torch.cat(real).float().mean(dim=0).cpu().numpy()

    def _prompt(self, request: Request) -> Prompt:
        if request.weights != "base" or request.decoding.json_schema:
            raise InvalidPrompt(
                "the engine transformers has neither think weights nor JSON answers;"
                " use --engine af3"
            )
        return self.prompter.write(request)

    @torch.inference_mode()
    def _run_batch(self, asked: Sequence[Asked]) -> Iterator[tuple[int, Answer | ModelError]]:
        prompts = [self.prompter.write(one.request) for one in asked]
        decoding = asked[0].request.decoding
        logprobs, watch = TokenLogprobs(), None
        if any(one.listener for one in asked):
            watch = RowWatch([self._writing(one) for one in asked])
        if decoding.temperature:
            torch.manual_seed(decoding.seed)
        ids = self.model.generate(
            **self.inputs(prompts),
            **generate_options(decoding),
            logits_processor=LogitsProcessorList([logprobs]),
            return_dict_in_generate=False,
            streamer=watch,
            stopping_criteria=StoppingCriteriaList([watch.stop_rows] if watch else []),
        )
        new = ids[:, max(len(prompt.ids) for prompt in prompts) :]
        by_row = logprobs.of(new)
        for row, (one, tokens) in enumerate(zip(asked, new.tolist(), strict=True)):
            if one.cancelled:
                yield row, Cancelled()
                continue
            writing = self._writing(Asked(one.request))
            for token, logprob in zip(tokens, by_row[row], strict=True):
                if writing.add(token, logprob):
                    break
            yield row, writing.answer()

    def _writing(self, asked: Asked) -> Writing:
        tokenizer = self._processor.tokenizer
        return Writing(asked.request.decoding, self._end_ids, tokenizer, asked.listener)

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
            window for prompt in prompts for sound in prompt.sounds for window in sound.windows
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
