"""A training step's batch: scenes of like length, several questions behind each one's audio."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedTokenizerFast

from af3core.nano.data import Example
from af3core.nano.questions import sample_questions
from af3core.nano.targets import targets_of
from af3core.nano.tokenizer import IM_END, PROMPT_HEAD, PROMPT_TAIL

HEADS = ("heard", "phones", "speaker", "bed")
IGNORED = -100
"""The class of padding, as cross_entropy has it."""

_FRAMES_PER_STEP = 8_000
"""80 s of audio a step, padding included."""

_QUESTIONS = 7


@dataclass(frozen=True)
class Batch:
    """A step's tensors: scenes padded together, several questions behind each scene's audio.

    `mask [batch, 1, length, length]` lets a question see the prefix and itself alone. `weights` are
    those of the labels: an answer of n tokens weighs as the root of n, so that the one letter of a
    choice is not lost among the words of transcripts. `targets` holds the classes at each audio
    token by the name of their head.
    """

    mel: Tensor
    frames: Tensor
    input_ids: Tensor
    audio_start: int
    position_ids: Tensor
    mask: Tensor
    labels: Tensor
    weights: Tensor
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
    length = max(len(row[0]) for row in rows)
    frames = max(example.mel.shape[1] for example in examples)
    mel = np.empty((len(rows), 128, frames), np.float32)
    input_ids = torch.zeros(len(rows), length, dtype=torch.long)
    position_ids = torch.zeros_like(input_ids)
    labels = torch.full_like(input_ids, IGNORED)
    owner = torch.full((len(rows), length), -1)
    weights = torch.zeros(len(rows), length)
    for i, (example, (ids, positions, wanted, owners, weighed)) in enumerate(
        zip(examples, rows, strict=True)
    ):
        mel[i] = example.mel.min()
        mel[i, :, : example.mel.shape[1]] = _masked(example.mel, random)
        input_ids[i, : len(ids)] = torch.tensor(ids)
        position_ids[i, : len(ids)] = torch.tensor(positions)
        labels[i, : len(ids)] = torch.tensor(wanted)
        owner[i, : len(ids)] = torch.tensor(owners)
        weights[i, : len(ids)] = torch.tensor(weighed)
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


def _row(
    example: Example, head: list[int], tokenizer: PreTrainedTokenizerFast, random: Random
) -> tuple[list[int], list[int], list[int], list[int], list[float]]:
    """Ids, positions, next-token labels, owner (0 = shared prefix) and weights of one scene."""
    audio_tokens = ((example.mel.shape[1] - 1) // 2 + 1) // 2
    ids = head + [0] * audio_tokens
    prefix = len(ids)
    positions, wanted, owners = list(range(prefix)), [IGNORED] * prefix, [0] * prefix
    weights = [0.0] * prefix
    end = tokenizer.convert_tokens_to_ids(IM_END)
    for number, question in enumerate(sample_questions(example.scene, random, _QUESTIONS), start=1):
        prompt = tokenizer(question.prompt + PROMPT_TAIL).input_ids
        answer = [*tokenizer(question.answer).input_ids, end]
        ids += prompt + answer[:-1]
        count = len(prompt) + len(answer) - 1
        positions += range(prefix, prefix + count)
        wanted += [IGNORED] * (len(prompt) - 1) + answer
        weights += [len(answer) ** -0.5] * count
        owners += [number] * count
    return ids, positions, wanted, owners, weights


def _masked(mel: np.ndarray, random: Random) -> np.ndarray:
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
