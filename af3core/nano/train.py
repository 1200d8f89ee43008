"""Training: encoder and decoder together, targets at every token, a schedule by the clock."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedTokenizerFast

from af3core.nano.data import Example, read_shard, shard_paths
from af3core.nano.model import TrainingModel, new_model, save_checkpoint
from af3core.nano.questions import sample_questions
from af3core.nano.targets import targets_of
from af3core.nano.tokenizer import IM_END, PROMPT_HEAD, PROMPT_TAIL

_FRAMES_PER_STEP = 8_000
"""80 s of audio a step, padding included."""

_QUESTIONS = 5
_PEAK_RATE = 1.2e-3
_WARMUP_STEPS = 300
_WEIGHTS = {"text": 1.0, "heard": 1.0, "phones": 0.5, "speaker": 0.25, "bed": 0.1}
"""Of the losses, each a mean cross-entropy."""

_IGNORED = -100

_EXPORT_EVERY = 250


@dataclass(frozen=True)
class Batch:
    """A step's tensors: scenes padded together, several questions behind each scene's audio.

    `mask [batch, 1, length, length]` lets a question see the prefix and itself alone. `targets`
    holds the classes at each audio token by the name of their head.
    """

    mel: Tensor
    frames: Tensor
    input_ids: Tensor
    audio_start: int
    position_ids: Tensor
    mask: Tensor
    labels: Tensor
    targets: dict[str, Tensor]


def train(
    folder: Path, checkpoint: Path, tokenizer: PreTrainedTokenizerFast, minutes: float
) -> None:
    """Train for some minutes of wall-clock time on the shards of a folder, new ones included."""
    torch.manual_seed(0)
    random = Random(0)
    model = TrainingModel(new_model(tokenizer))
    optimizers = make_optimizers(model)
    resume = folder / "last.pt"
    if resume.exists():
        state = torch.load(resume)
        model.load_state_dict(state["model"])
        for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
    print(f"{sum(p.numel() for p in model.af3.parameters()) / 1e6:.1f} M parameters", flush=True)
    examples: list[Example] = []
    seen: set[Path] = set()
    queue: list[list[Example]] = []
    begun, step, losses = time.monotonic(), 0, np.zeros(len(_WEIGHTS))
    while (spent := (time.monotonic() - begun) / 60) < minutes:
        if not queue:
            for path in [p for p in shard_paths(folder) if p not in seen]:
                examples += read_shard(path)
                seen.add(path)
            queue = batches_of_scenes(examples, random)[:200]
        rate = rate_at(step, spent / minutes)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        batch = make_batch(queue.pop(), tokenizer, random)
        losses += run_step(model, optimizers, batch)
        step += 1
        if step % 50 == 0:
            shown = "  ".join(
                f"{name} {loss:.3f}" for name, loss in zip(_WEIGHTS, losses / 50, strict=True)
            )
            print(f"{spent:6.1f} min  step {step}  {shown}  {len(examples)} scenes", flush=True)
            losses[:] = 0
        if step % _EXPORT_EVERY == 0:
            _save(model, optimizers, tokenizer, checkpoint, resume)
    _save(model, optimizers, tokenizer, checkpoint, resume)


def _save(
    model: TrainingModel,
    optimizers: list[torch.optim.Optimizer],
    tokenizer: PreTrainedTokenizerFast,
    checkpoint: Path,
    resume: Path,
) -> None:
    save_checkpoint(model.af3, tokenizer, checkpoint)
    state = {"model": model.state_dict(), "optimizers": [o.state_dict() for o in optimizers]}
    torch.save(state, resume)


def make_optimizers(model: TrainingModel) -> list[torch.optim.Optimizer]:
    """Muon (Jordan 2024; scaled as in Liu et al. 2025) for the layers' matrices, AdamW for the
    rest: embeddings, convolutions, norms, biases and heads.
    """
    matrices: list[Tensor] = []
    others: list[Tensor] = []
    for name, weight in model.named_parameters():
        inner = ".layers." in name or "multi_modal_projector" in name
        (matrices if inner and weight.ndim == 2 else others).append(weight)
    return [
        torch.optim.Muon(
            matrices, lr=_PEAK_RATE, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"
        ),
        torch.optim.AdamW(others, lr=_PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.05),
    ]


def rate_at(step: int, done: float) -> float:
    """Warm-up by steps, a plateau, then a decay over the last 40 % of the time."""
    warm = min(1.0, (step + 1) / _WARMUP_STEPS)
    cool = 1.0 if done < 0.6 else 0.5 * (1 + math.cos(math.pi * (done - 0.6) / 0.4))
    return _PEAK_RATE * warm * max(cool, 0.01)


def run_step(
    model: TrainingModel, optimizers: list[torch.optim.Optimizer], batch: Batch
) -> np.ndarray:
    """One update; gives the losses, in the order of their weights' names."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        heard = model.encode(batch.mel, batch.frames)
        ids = model.af3.model.language_model.embed_tokens(batch.input_ids)
        audio = torch.arange(heard.embeds.shape[1])[None] < heard.counts[:, None]
        places = torch.zeros(batch.input_ids.shape, dtype=torch.bool)
        for row, count in enumerate(heard.counts.tolist()):
            places[row, batch.audio_start : batch.audio_start + count] = True
        ids = ids.masked_scatter(places[..., None], heard.embeds[audio].to(ids.dtype))
        wanted = batch.labels >= 0
        logits = model.decode(ids, batch.mask, batch.position_ids, wanted)
    losses = {"text": cross_entropy(logits, batch.labels[wanted])}
    for name, classes in batch.targets.items():
        given = getattr(heard, name)[:, : classes.shape[1]]
        losses[name] = cross_entropy(
            given.float().flatten(0, 1), classes.flatten(), ignore_index=_IGNORED
        )
    model.zero_grad(set_to_none=True)
    torch.stack([_WEIGHTS[name] * loss for name, loss in losses.items()]).sum().backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
    return np.array([losses[name].item() for name in _WEIGHTS])


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
    return Batch(
        mel=torch.from_numpy(mel),
        frames=torch.tensor([example.mel.shape[1] for example in examples]),
        input_ids=input_ids,
        audio_start=len(head),
        position_ids=position_ids,
        mask=(same & causal)[:, None],
        labels=labels,
        targets=_targets(examples),
    )


def _targets(examples: list[Example]) -> dict[str, Tensor]:
    """Classes by head `[batch, tokens]`, padding ignored."""
    rows = [targets_of(e.scene, ((e.mel.shape[1] - 1) // 2 + 1) // 2) for e in examples]
    return {
        name: pad_sequence(
            [torch.from_numpy(getattr(row, name)) for row in rows], True, float(_IGNORED)
        )
        for name in _WEIGHTS
        if name != "text"
    }


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
