"""The reference engine: transformers' own `generate` over padded batches."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import (
    AudioFlamingo3ForConditionalGeneration,
    AudioFlamingo3Processor,
    LogitsProcessorList,
)
from transformers.utils import logging as transformers_logging

from af3core.audio import SAMPLE_RATE_HZ
from af3core.errors import (
    AudioTooLong,
    ConfigurationError,
    EmptyAudio,
    InvalidAudio,
    ModelError,
)
from af3core.model.checkpoint import Checkpoint
from af3core.model.isolation import answer_isolated
from af3core.model.logprobs import TokenLogprobs
from af3core.model.request import Answer, Request

SHORTEST_AUDIO_SAMPLES = 3 * SAMPLE_RATE_HZ // 100
"""Three mel frames: below, the processor makes no audio token."""

LONGEST_AUDIO_S = 600
"""20 windows of 30 s; transformers cuts what is longer with only a warning."""

_AUDIO_TOKENS_PER_S = 25
_PROMPT_TOKENS = 128
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class TransformersEngine:
    """Answers in batches of one prompt setting, sorted by length, within a budget of tokens.

    Args:
        checkpoint: the weights.
        dtype: `float32` or `bfloat16`.
        device: `cpu`, `cuda` or `auto`.
        batch_tokens: most positions (audio, prompt and answer, padding included) of a batch.
    """

    name = "transformers"

    def __init__(
        self,
        checkpoint: Checkpoint,
        dtype: str = "float32",
        device: str = "auto",
        batch_tokens: int = 16_384,
    ) -> None:
        self._device = _choose_device(device)
        self._dtype = _DTYPES[dtype]
        self._batch_tokens = batch_tokens
        self._processor, self._model = _load(checkpoint, self._dtype, self._device)

    def answer(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """One answer or one error per request, in their order."""
        results: dict[int, Answer | ModelError] = {}
        good = []
        for index, request in enumerate(requests):
            error = check_audio(request.audio)
            if error is None:
                good.append(index)
            else:
                results[index] = error
        for batch in plan_batches(requests, good, self._batch_tokens):
            answers = answer_isolated(
                [requests[i] for i in batch], self._run_batch, self._release_memory
            )
            results.update(zip(batch, answers, strict=True))
        return [results[index] for index in range(len(requests))]

    @torch.inference_mode()
    def _run_batch(self, requests: Sequence[Request]) -> list[Answer]:
        inputs = self._processor(
            text=[self._chat(request.prompt) for request in requests],
            audio=[request.audio for request in requests],
        ).to(self._device, self._dtype)
        logprobs = TokenLogprobs()
        tokens = self._model.generate(
            **inputs,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            repetition_penalty=requests[0].repetition_penalty,
            max_new_tokens=requests[0].max_new_tokens,
            logits_processor=LogitsProcessorList([logprobs]),
        )[:, inputs["input_ids"].shape[1] :]
        return self._read(tokens, logprobs)

    def _read(self, tokens: torch.Tensor, logprobs: TokenLogprobs) -> list[Answer]:
        """Answers from new tokens `[batch, steps]`, cut at the first end token."""
        ends = self._model.generation_config.eos_token_id
        end_ids = torch.tensor([ends] if isinstance(ends, int) else ends, device=tokens.device)
        is_end = torch.isin(tokens, end_ids).cpu()
        lengths, stopped = [], []
        for row in is_end:
            first = int(row.int().argmax()) if bool(row.any()) else -1
            stopped.append(first >= 0)
            lengths.append(first if first >= 0 else tokens.shape[1])
        counted = [n + (1 if end else 0) for n, end in zip(lengths, stopped, strict=True)]
        means = logprobs.mean_per_row(counted)
        return [
            Answer(
                text=self._processor.tokenizer.decode(row[:length], skip_special_tokens=True),
                token_count=length,
                mean_logprob=mean,
                finish_reason="stop" if end else "length",
            )
            for row, length, mean, end in zip(tokens, lengths, means, stopped, strict=True)
        ]

    def _chat(self, prompt: str) -> str:
        content = [{"type": "text", "text": prompt}, {"type": "audio", "audio": ""}]
        text: str = self._processor.apply_chat_template(
            [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
        )
        return text

    def _release_memory(self) -> None:
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


def check_audio(audio: Any) -> ModelError | None:
    """The reason why a waveform cannot be asked about, or None."""
    if audio.ndim != 1:
        return InvalidAudio(f"audio must be mono [samples], not {list(audio.shape)}")
    if len(audio) < SHORTEST_AUDIO_SAMPLES:
        return EmptyAudio(f"{len(audio)} samples: less than the 30 ms of one audio token")
    if len(audio) > LONGEST_AUDIO_S * SAMPLE_RATE_HZ:
        return AudioTooLong(
            f"{len(audio) / SAMPLE_RATE_HZ:.1f} s of audio: the model takes at most"
            f" {LONGEST_AUDIO_S} s (20 windows); cut it into clips"
        )
    if not np.isfinite(audio).all():
        return InvalidAudio("audio holds samples that are no numbers")
    return None


def plan_batches(
    requests: Sequence[Request], indices: Sequence[int], batch_tokens: int
) -> list[list[int]]:
    """Group requests of equal decoding settings and similar length, within a budget of positions.

    A single request may exceed the budget; it then runs alone.
    """

    def order(index: int) -> tuple[int, float, int]:
        request = requests[index]
        return request.max_new_tokens, request.repetition_penalty, len(request.audio)

    batches: list[list[int]] = []
    for index in sorted(indices, key=order):
        audio_tokens = len(requests[index].audio) * _AUDIO_TOKENS_PER_S // SAMPLE_RATE_HZ
        width = audio_tokens + _PROMPT_TOKENS + requests[index].max_new_tokens
        if (
            batches
            and order(batches[-1][0])[:2] == order(index)[:2]
            and (len(batches[-1]) + 1) * width <= batch_tokens
        ):
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def _choose_device(device: str) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigurationError("--device cuda: this machine shows no CUDA device")
    return torch.device(device)


def _load(checkpoint: Checkpoint, dtype: torch.dtype, device: torch.device) -> tuple[Any, Any]:
    try:
        processor = AudioFlamingo3Processor.from_pretrained(checkpoint.folder)
        transformers_logging.disable_progress_bar()
        loaded: Any = AudioFlamingo3ForConditionalGeneration.from_pretrained(
            checkpoint.folder, dtype=dtype, output_loading_info=True
        )
        model, report = loaded
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        first_line = (str(error).splitlines() or [""])[0]
        raise ConfigurationError(
            f"--model {checkpoint.name}: cannot be loaded ({first_line})"
        ) from error
    missing = sorted(report["missing_keys"])
    unexpected = sorted(report["unexpected_keys"])
    if missing or unexpected:
        raise ConfigurationError(
            f"--model {checkpoint.name}: the weights do not fit the configuration:"
            f" {len(missing)} missing (first: {missing[:1]}), {len(unexpected)} left over"
            f" (first: {unexpected[:1]}); the download may be incomplete"
        )
    return processor, model.to(device).eval()
