"""Questions about sounds with their right answers, as the tensors of a training step.

A question is put to the model by the prompt builder that the engines ask with; only the answer's
tokens are taught.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import soundfile
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from af3core.errors import ConfigurationError, ModelError
from af3core.model.audio_limits import SAMPLE_RATE_HZ
from af3core.model.prompt import SPECIAL, PromptBuilder
from af3core.model.request import Decoding, Request, Sound, Turn, Waveform
from af3core.model.weights.loading import limit_of_processor

IGNORED = -100
"""A label that is not taught, in torch's cross-entropy."""
LESSONS_PER_STEP = 8
_MOST_KEPT_BYTES = 4 * 2**30
"""Of sounds that are encoded; others are encoded anew in each epoch."""


@dataclass(frozen=True)
class Lesson:
    """A question about a sound and its right answer.

    Attributes:
        lesson_id: unique.
        sound: a FLAC or WAV file at 16 kHz, mono.
        question: as the model is asked.
        answer: as the model should say it; it may be empty.
    """

    lesson_id: str
    sound: Path
    question: str
    answer: str


@dataclass(frozen=True)
class Encoded:
    """A lesson as the decoder reads it.

    Attributes:
        embeds: of prompt, sound and answer, `[tokens, width]`, in main memory.
        labels: the answer's tokens in their places, `[tokens]`; IGNORED elsewhere.
    """

    embeds: Tensor
    labels: Tensor


class Lessons:
    """Lessons as tensors for transformers' model of a checkpoint.

    Sounds are encoded once: encoder, projector and embeddings stay as they are.

    Args:
        lessons: in any order.
        model: transformers' model, whose decoder alone is trained.
        processor: transformers' processor of the checkpoint.
        seed: of the order in which they come.
    """

    def __init__(self, lessons: Sequence[Lesson], model: Any, processor: Any, seed: int) -> None:
        self._lessons = sorted(lessons, key=lambda lesson: lesson.lesson_id)
        self._model = model
        self._processor = processor
        positions = model.config.text_config.max_position_embeddings
        self._builder = PromptBuilder(processor, positions, limit_of_processor(processor))
        ends = model.generation_config.eos_token_id
        self._end_id: int = ends if isinstance(ends, int) else ends[0]
        self._seed = seed
        self._kept: dict[str, Encoded] = {}
        self._kept_bytes = 0

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self._lessons) // LESSONS_PER_STEP)

    def step(self, number: int) -> list[Encoded]:
        """The lessons of a step; the same number gives the same, in whichever process.

        Raises:
            ConfigurationError: a lesson's sound or words cannot be put to the model.
        """
        epoch, place = divmod(number, self.steps_per_epoch)
        order = Random(f"{self._seed}/{epoch}").sample(self._lessons, len(self._lessons))
        first = place * LESSONS_PER_STEP
        return [self._encoded(lesson) for lesson in order[first : first + LESSONS_PER_STEP]]

    def _encoded(self, lesson: Lesson) -> Encoded:
        if lesson.lesson_id in self._kept:
            return self._kept[lesson.lesson_id]
        encoded = self._encode(lesson)
        size_bytes = encoded.embeds.nbytes
        if self._kept_bytes + size_bytes <= _MOST_KEPT_BYTES:
            self._kept[lesson.lesson_id] = encoded
            self._kept_bytes += size_bytes
        return encoded

    @torch.no_grad()
    def _encode(self, lesson: Lesson) -> Encoded:
        prompt, answer, windows = self._tokens(lesson)
        device, dtype = self._model.device, self._model.dtype
        ids = torch.tensor([[*prompt, *answer]], device=device)
        features = self._processor.feature_extractor(
            windows,
            sampling_rate=SAMPLE_RATE_HZ,
            return_attention_mask=True,
            return_tensors="pt",
        )
        mel = features.input_features.to(device, dtype)
        mask = features.attention_mask.to(device)
        names = inspect.signature(self._model.model.get_audio_features).parameters
        # Music Flamingo's tells the times of its tokens by their places
        placed = {"input_ids": ids} if "input_ids" in names else {}
        heard = self._model.model.get_audio_features(mel, mask, return_dict=True, **placed)
        embeds = self._model.get_input_embeddings()(ids)
        is_sound = (ids == self._processor.audio_token_id)[..., None].expand_as(embeds)
        embeds = embeds.masked_scatter(is_sound, heard.pooler_output.to(embeds.dtype))
        labels = torch.full((ids.shape[1],), IGNORED)
        labels[len(prompt) :] = torch.tensor(answer)
        return Encoded(embeds[0].cpu(), labels)

    def _tokens(self, lesson: Lesson) -> tuple[tuple[int, ...], list[int], list[Waveform]]:
        """Tokens of the prompt and of the answer, and the windows that are heard."""
        if found := SPECIAL.search(lesson.answer):
            raise ConfigurationError(
                f"the answer {lesson.lesson_id} holds the special token {found[0]}; correct it"
            )
        answer = [*self._processor.tokenizer(lesson.answer).input_ids, self._end_id]
        sound = Sound(read_sound(lesson.sound, self._builder.limit.max_samples))
        request = Request((sound,), (Turn("user", lesson.question),), Decoding(len(answer)))
        try:
            prompt = self._builder.build(request)
        except ModelError as error:
            raise ConfigurationError(f"{lesson.lesson_id} cannot be taught: {error}") from error
        return prompt.ids, answer, sound.windows(self._builder.limit)


def padded(lessons: Sequence[Encoded], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Embeddings `[lessons, tokens, width]`, mask and labels `[lessons, tokens]`, on a device."""
    embeds = pad_sequence([lesson.embeds for lesson in lessons], batch_first=True)
    labels = pad_sequence(
        [lesson.labels for lesson in lessons], batch_first=True, padding_value=IGNORED
    )
    mask = pad_sequence([torch.ones(len(each.labels)).long() for each in lessons], batch_first=True)
    return embeds.to(device), mask.to(device), labels.to(device)


def read_sound(path: Path, max_samples: int) -> Waveform:
    """A sound's samples `[samples]`, as many as the model hears.

    Raises:
        ConfigurationError: it is damaged.
    """
    try:
        samples, _ = soundfile.read(path, frames=max_samples, dtype="float32")
    except soundfile.LibsndfileError as error:
        raise ConfigurationError(
            f"{path}: this sound is damaged; remove it, and run again"
        ) from error
    return np.asarray(samples, np.float32)
