"""A training step's batch: scenes of like length, several questions behind each one's audio."""

from __future__ import annotations

import string
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedTokenizerFast

from af3core.nano.questions import Question, sample_questions
from af3core.nano.targets import targets_of
from af3core.nano.tokenizer import IM_END, PROMPT_HEAD, PROMPT_TAIL
from af3core.nano.training_data import Example

HEADS = ("heard", "phones", "speaker", "bed")
IGNORED = -100
"""The class of padding, as cross_entropy has it."""

_FRAMES_PER_STEP = 8_000
"""80 s of audio a step, padding included."""

_QUESTIONS = 8

LETTER_WEIGHT = 2.0
"""Of the first token of a choice, which decides it: "(B"."""


@dataclass(frozen=True)
class Batch:
    """A step's tensors: scenes padded together, several questions behind each scene's audio.

    `mask [batch, 1, length, length]` lets a question see the prefix and itself alone. `weights` are
    those of the labels: an answer of n tokens weighs as the root of n, so that the one letter of a
    choice is not lost among the words of transcripts. `right_options` is 1 or 0 at the last token
    of an option that is right or wrong. `targets` holds the classes at each audio token by the name
    of their head.
    """

    mel: Tensor
    frames: Tensor
    input_ids: Tensor
    audio_start: int
    position_ids: Tensor
    mask: Tensor
    labels: Tensor
    weights: Tensor
    right_options: Tensor
    targets: dict[str, Tensor]


def batches_of_scenes(examples: list[Example], random: Random) -> list[list[Example]]:
    """Scenes of like length together, up to the frames of a step, in random order."""
    order = sorted(examples, key=lambda e: e.mel.shape[1] + random.uniform(0, 60))
    batches: list[list[Example]] = [[]]
    for example in order:
        if (len(batches[-1]) + 1) * example.mel.shape[1] > _FRAMES_PER_STEP:
            batches.append([])
        batches[-1].append(example)
    random.shuffle(batches)
    return [batch for batch in batches if batch]


def make_batch(
    examples: list[Example], tokenizer: PreTrainedTokenizerFast, random: Random
) -> Batch:
    """Tensors of one step; questions are drawn anew each time."""
    head = tokenizer(PROMPT_HEAD).input_ids
    rows = [_row(example, head, tokenizer, random) for example in examples]
    length = max(len(row.ids) for row in rows)
    frames = max(example.mel.shape[1] for example in examples)
    mel = np.empty((len(rows), 128, frames), np.float32)
    input_ids = torch.zeros(len(rows), length, dtype=torch.long)
    position_ids = torch.zeros_like(input_ids)
    labels = torch.full_like(input_ids, IGNORED)
    right_options = torch.full_like(input_ids, IGNORED)
    owner = torch.full((len(rows), length), -1)
    weights = torch.zeros(len(rows), length)
    for i, (example, row) in enumerate(zip(examples, rows, strict=True)):
        count = len(row.ids)
        mel[i] = example.mel.min()
        mel[i, :, : example.mel.shape[1]] = mask_spectrogram(example.mel, random)
        input_ids[i, :count] = torch.tensor(row.ids)
        position_ids[i, :count] = torch.tensor(row.positions)
        labels[i, :count] = torch.tensor(row.labels)
        right_options[i, :count] = torch.tensor(row.right_options)
        owner[i, :count] = torch.tensor(row.owners)
        weights[i, :count] = torch.tensor(row.weights)
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    same = (owner[:, :, None] == owner[:, None, :]) | (owner[:, None, :] == 0)
    return Batch(
        mel=torch.from_numpy(mel),
        frames=torch.tensor([example.mel.shape[1] for example in examples]),
        input_ids=input_ids,
        audio_start=len(head),
        position_ids=position_ids,
        mask=(same & causal)[:, None],
        labels=labels,
        weights=weights,
        right_options=right_options,
        targets=_targets(examples),
    )


def _targets(examples: list[Example]) -> dict[str, Tensor]:
    """Classes by head `[batch, tokens]`, padding ignored."""
    rows = [targets_of(e.scene, ((e.mel.shape[1] - 1) // 2 + 1) // 2) for e in examples]
    return {
        name: pad_sequence(
            [torch.from_numpy(getattr(row, name)) for row in rows], True, float(IGNORED)
        )
        for name in HEADS
    }


@dataclass
class _Row:
    """One scene's tokens: its shared prefix (owner 0), then its questions with their answers."""

    ids: list[int]
    positions: list[int]
    labels: list[int]
    owners: list[int]
    weights: list[float]
    right_options: list[int]


def _row(
    example: Example, head: list[int], tokenizer: PreTrainedTokenizerFast, random: Random
) -> _Row:
    audio_tokens = ((example.mel.shape[1] - 1) // 2 + 1) // 2
    ids = head + [0] * audio_tokens
    prefix = len(ids)
    unlabelled = [IGNORED] * prefix
    row = _Row(
        ids, list(range(prefix)), unlabelled, [0] * prefix, [0.0] * prefix, unlabelled.copy()
    )
    for number, question in enumerate(sample_questions(example.scene, random, _QUESTIONS), start=1):
        _add_question(row, question, number, prefix, tokenizer)
    return row


def _add_question(
    row: _Row, question: Question, number: int, prefix: int, tokenizer: PreTrainedTokenizerFast
) -> None:
    """Append a question and its answer, which see the prefix and themselves."""
    prompt = tokenizer(question.prompt + PROMPT_TAIL).input_ids
    end = tokenizer.convert_tokens_to_ids(IM_END)
    answer = [*tokenizer(question.answer).input_ids, end]
    count = len(prompt) + len(answer) - 1
    weights = [len(answer) ** -0.5] * count
    if question.options and question.answer.startswith("("):
        weights[len(prompt) - 1] = LETTER_WEIGHT
    row.ids += prompt + answer[:-1]
    row.positions += range(prefix, prefix + count)
    row.labels += [IGNORED] * (len(prompt) - 1) + answer
    row.weights += weights
    row.owners += [number] * count
    row.right_options += right_options(question, tokenizer) + [IGNORED] * (len(answer) - 1)


def right_options(question: Question, tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """1 or 0 at the last token of each right or wrong option of a prompt, IGNORED elsewhere.

    So that the decoder learns to judge an option where it reads it; the letter then follows.
    """
    encoded = tokenizer(question.prompt + PROMPT_TAIL, return_offsets_mapping=True)
    labels = [IGNORED] * len(encoded.input_ids)
    for letter, option in zip(string.ascii_uppercase, question.options, strict=False):
        line = f"({letter}) {option}"
        end = question.prompt.index(f"\n{line}") + 1 + len(line)
        last = next(i for i, (_, stop) in enumerate(encoded.offset_mapping) if stop >= end)
        labels[last] = int(question.answer.endswith(line))
    return labels


def mask_spectrogram(mel: np.ndarray, random: Random) -> np.ndarray:
    """SpecAugment in mild form: up to one band and two short stretches set to the mean."""
    out = mel.astype(np.float32)
    mean = out.mean()
    if random.random() < 0.5:
        low = random.randrange(110)
        out[low : low + random.randrange(1, 14)] = mean
    for _ in range(random.randrange(3)):
        start = random.randrange(out.shape[1])
        out[:, start : start + random.randrange(1, 12)] = mean
    return out
