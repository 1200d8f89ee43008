"""Training: encoder and decoder together, a CTC loss beside, a schedule by the clock."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from af3core.nano.data import Example, read_shard, shard_paths
from af3core.nano.model import CTC_LETTERS, TrainingModel, new_model, save_checkpoint
from af3core.nano.questions import sample_questions
from af3core.nano.tokenizer import IM_END, PROMPT_HEAD, PROMPT_TAIL

_FRAMES_PER_STEP = 8_000
"""80 s of audio a step, padding included."""

_QUESTIONS = 5
_PEAK_RATE = 1.2e-3
_WARMUP_STEPS = 300
_CTC_WEIGHT = 0.5
_LETTERS_OF_SILENCE = 20
"""A scene without words counts as so many letters in the mean."""

_EXPORT_EVERY = 250


@dataclass(frozen=True)
class Batch:
    """A step's tensors: scenes padded together, several questions behind each scene's audio.

    `mask [batch, 1, length, length]` lets a question see the prefix and itself alone.
    """

    mel: Tensor
    frames: Tensor
    input_ids: Tensor
    audio_start: int
    position_ids: Tensor
    mask: Tensor
    labels: Tensor
    letters: Tensor
    letter_counts: Tensor


def train(
    folder: Path, checkpoint: Path, tokenizer: PreTrainedTokenizerFast, minutes: float
) -> None:
    """Train for some minutes of wall-clock time on the shards of a folder, new ones included."""
    torch.manual_seed(0)
    random = Random(0)
    model = TrainingModel(new_model(tokenizer))
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=_PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.05)
    resume = folder / "last.pt"
    if resume.exists():
        state = torch.load(resume)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    print(f"{sum(p.numel() for p in weights) / 1e6:.1f} M parameters", flush=True)
    examples: list[Example] = []
    seen: set[Path] = set()
    queue: list[list[Example]] = []
    begun, step, losses = time.monotonic(), 0, np.zeros(2)
    while (spent := (time.monotonic() - begun) / 60) < minutes:
        if not queue:
            for path in [p for p in shard_paths(folder) if p not in seen]:
                examples += read_shard(path)
                seen.add(path)
            queue = batches_of_scenes(examples, random)[:200]
        rate = rate_at(step, spent / minutes)
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = make_batch(queue.pop(), tokenizer, random)
        losses += run_step(model, optimizer, batch)
        step += 1
        if step % 50 == 0:
            text, ctc = losses / 50
            print(
                f"{spent:6.1f} min  step {step}  text {text:.3f}  ctc {ctc:.3f}"
                f"  {len(examples)} scenes",
                flush=True,
            )
            losses[:] = 0
        if step % _EXPORT_EVERY == 0:
            _save(model, optimizer, tokenizer, checkpoint, resume)
    _save(model, optimizer, tokenizer, checkpoint, resume)


def _save(
    model: TrainingModel,
    optimizer: torch.optim.Optimizer,
    tokenizer: PreTrainedTokenizerFast,
    checkpoint: Path,
    resume: Path,
) -> None:
    save_checkpoint(model.af3, tokenizer, checkpoint)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, resume)


def rate_at(step: int, done: float) -> float:
    """Warm-up by steps, a plateau, then a decay over the last 40 % of the time."""
    warm = min(1.0, (step + 1) / _WARMUP_STEPS)
    cool = 1.0 if done < 0.6 else 0.5 * (1 + math.cos(math.pi * (done - 0.6) / 0.4))
    return _PEAK_RATE * warm * max(cool, 0.01)


def run_step(model: TrainingModel, optimizer: torch.optim.Optimizer, batch: Batch) -> np.ndarray:
    """One update; gives the losses of text and CTC."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        embeds, counts, ctc = model.encode(batch.mel, batch.frames)
        ids = model.af3.model.language_model.embed_tokens(batch.input_ids)
        audio = torch.arange(embeds.shape[1])[None] < counts[:, None]
        places = torch.zeros(batch.input_ids.shape, dtype=torch.bool)
        for row, count in enumerate(counts.tolist()):
            places[row, batch.audio_start : batch.audio_start + count] = True
        ids = ids.masked_scatter(places[..., None], embeds[audio].to(ids.dtype))
        wanted = batch.labels >= 0
        logits = model.decode(ids, batch.mask, batch.position_ids, wanted)
    text_loss = torch.nn.functional.cross_entropy(logits, batch.labels[wanted])
    positions = (batch.frames - 1) // 2 + 1
    ctc_sum = torch.nn.functional.ctc_loss(
        ctc.transpose(0, 1),
        batch.letters,
        positions,
        batch.letter_counts,
        reduction="sum",
        zero_infinity=True,
    )
    ctc_loss = ctc_sum / (batch.letter_counts.sum() + _LETTERS_OF_SILENCE * len(positions))
    optimizer.zero_grad(set_to_none=True)
    (text_loss + _CTC_WEIGHT * ctc_loss).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return np.array([text_loss.item(), ctc_loss.item()])


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
    labels = torch.full_like(input_ids, -100)
    owner = torch.full((len(rows), length), -1)
    for i, (example, (ids, positions, wanted, owners)) in enumerate(
        zip(examples, rows, strict=True)
    ):
        mel[i] = example.mel.min()
        mel[i, :, : example.mel.shape[1]] = _masked(example.mel, random)
        input_ids[i, : len(ids)] = torch.tensor(ids)
        position_ids[i, : len(ids)] = torch.tensor(positions)
        labels[i, : len(ids)] = torch.tensor(wanted)
        owner[i, : len(ids)] = torch.tensor(owners)
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    same = (owner[:, :, None] == owner[:, None, :]) | (owner[:, None, :] == 0)
    letters = [_letters(example.scene.words) for example in examples]
    return Batch(
        mel=torch.from_numpy(mel),
        frames=torch.tensor([example.mel.shape[1] for example in examples]),
        input_ids=input_ids,
        audio_start=len(head),
        position_ids=position_ids,
        mask=(same & causal)[:, None],
        labels=labels,
        letters=torch.tensor([c for row in letters for c in row], dtype=torch.long),
        letter_counts=torch.tensor([len(row) for row in letters]),
    )


def _row(
    example: Example, head: list[int], tokenizer: PreTrainedTokenizerFast, random: Random
) -> tuple[list[int], list[int], list[int], list[int]]:
    """Ids, positions, next-token labels and owner (0 = shared prefix) of one scene's sequence."""
    audio_tokens = ((example.mel.shape[1] - 1) // 2 + 1) // 2
    ids = head + [0] * audio_tokens
    prefix = len(ids)
    positions, wanted, owners = list(range(prefix)), [-100] * prefix, [0] * prefix
    end = tokenizer.convert_tokens_to_ids(IM_END)
    for number, question in enumerate(sample_questions(example.scene, random, _QUESTIONS), start=1):
        prompt = tokenizer(question.prompt + PROMPT_TAIL).input_ids
        answer = [*tokenizer(question.answer).input_ids, end]
        ids += prompt + answer[:-1]
        count = len(prompt) + len(answer) - 1
        positions += range(prefix, prefix + count)
        wanted += [-100] * (len(prompt) - 1) + answer
        owners += [number] * count
    return ids, positions, wanted, owners


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


def _letters(words: str) -> list[int]:
    return [CTC_LETTERS.index(letter) + 1 for letter in words]
