"""Questions about sounds with their right answers, as the tensors of a training step.

A question is put to the model by the prompt builder that the engines ask with; only the answer's
tokens are taught.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import soundfile
import torch
from torch import Tensor

from af3core.errors import ConfigurationError, ModelError
from af3core.model.audio_limits import SAMPLE_RATE_HZ
from af3core.model.prompt import SPECIAL, PromptBuilder
from af3core.model.request import Decoding, Request, Sound, Turn, Waveform

IGNORED = -100
"""A label that is not taught, in torch's cross-entropy."""
LESSONS_PER_STEP = 8
_LESSONS_AT_ONCE = 2
"""Whose activations are held together: a step's gradients are added up."""


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


class Lessons:
    """Lessons as tensors for transformers' model of a checkpoint.

    Args:
        lessons: in any order.
        processor: transformers' processor of the checkpoint.
        builder: of its prompts.
        end_id: the token that ends an answer.
        seed: of the order in which they come.
    """

    def __init__(
        self,
        lessons: Sequence[Lesson],
        processor: Any,
        builder: PromptBuilder,
        end_id: int,
        seed: int,
    ) -> None:
        self._lessons = sorted(lessons, key=lambda lesson: lesson.lesson_id)
        self._processor = processor
        self._builder = builder
        self._end_id = end_id
        self._seed = seed

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self._lessons) // LESSONS_PER_STEP)

    def step(self, number: int) -> list[Lesson]:
        """The lessons of a step; the same number gives the same, in whichever process."""
        epoch, place = divmod(number, self.steps_per_epoch)
        order = Random(f"{self._seed}/{epoch}").sample(self._lessons, len(self._lessons))
        return order[place * LESSONS_PER_STEP : (place + 1) * LESSONS_PER_STEP]

    def batches(self, lessons: Sequence[Lesson], model: Any) -> Iterator[dict[str, Tensor]]:
        """A step's inputs for `model`, a few lessons at a time, on its device.

        Raises:
            ConfigurationError: a lesson's sound or words cannot be put to the model.
        """
        for first in range(0, len(lessons), _LESSONS_AT_ONCE):
            yield self._batch(lessons[first : first + _LESSONS_AT_ONCE], model)

    def _batch(self, lessons: Sequence[Lesson], model: Any) -> dict[str, Tensor]:
        rows, windows = [], []
        for lesson in lessons:
            prompt, answer, heard = self._encoded(lesson)
            rows.append((prompt, answer))
            windows += heard
        longest = max(len(prompt) + len(answer) for prompt, answer in rows)
        ids = torch.full((len(rows), longest), self._end_id)
        mask, labels = torch.zeros_like(ids), torch.full_like(ids, IGNORED)
        for row, (prompt, answer) in enumerate(rows):
            end = len(prompt) + len(answer)
            ids[row, :end] = torch.tensor([*prompt, *answer])
            mask[row, :end] = 1
            labels[row, len(prompt) : end] = torch.tensor(answer)
        features = self._processor.feature_extractor(
            windows,
            sampling_rate=SAMPLE_RATE_HZ,
            return_attention_mask=True,
            return_tensors="pt",
        )
        inputs = {"input_ids": ids, "attention_mask": mask, "labels": labels}
        inputs["input_features_mask"] = features.attention_mask
        placed = {name: tensor.to(model.device) for name, tensor in inputs.items()}
        return placed | {"input_features": features.input_features.to(model.device, model.dtype)}

    def _encoded(self, lesson: Lesson) -> tuple[tuple[int, ...], list[int], list[Waveform]]:
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
