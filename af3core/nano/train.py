"""Training: encoder and decoder together, targets at every token, a schedule by the clock.

Processes share the work: each trains on its part of the data with one thread, and gradients are
averaged at every step.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.distributed
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerFast

from af3core.errors import ConfigurationError
from af3core.nano.batches import HEADS, IGNORED, Batch, batches_of_scenes, make_batch
from af3core.nano.model import TrainingModel, load_model, new_model, save_checkpoint
from af3core.nano.tokenizer import train_tokenizer
from af3core.nano.training_data import Example, read_shard, shard_paths

PEAK_RATE = 8e-4
_WARMUP_STEPS = 50
_WEIGHTS = {"text": 1.0, "options": 0.5, "heard": 1.0, "phones": 0.5, "speaker": 0.25, "bed": 0.1}
"""Of the losses, each a mean cross-entropy."""

_PRINT_EVERY, _SAVE_EVERY = 50, 250


@dataclass(frozen=True)
class Training:
    """What a training run is told: `start` is a checkpoint to train on from, None for new weights.

    The state of an earlier call in the folder of the shards goes before both.
    """

    shards: Path
    checkpoint: Path
    minutes: float
    peak_rate: float = PEAK_RATE
    start: Path | None = None


def train(training: Training) -> None:
    """Train for some minutes of wall-clock time on the shards of a folder, a process per core.

    Raises:
        ConfigurationError: the folder holds no shards.
    """
    processes = min(len(os.sched_getaffinity(0)), len(shard_paths(training.shards)))
    if not processes:
        raise ConfigurationError(
            f"{training.shards}: no shards; run python -m af3core.nano make-data first"
        )
    start = training.start
    tokenizer = PreTrainedTokenizerFast.from_pretrained(start) if start else train_tokenizer()
    with tempfile.TemporaryDirectory() as temporary:
        meeting = f"{temporary}/meeting"
        arguments = (processes, meeting, training, tokenizer, os.getpid())
        torch.multiprocessing.spawn(_work, arguments, nprocs=processes)


def _work(
    rank: int,
    processes: int,
    meeting: str,
    training: Training,
    tokenizer: PreTrainedTokenizerFast,
    parent: int,
) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=processes
    )
    torch.manual_seed(0)
    random = Random(rank)
    start = training.start
    model = TrainingModel(load_model(start) if start else new_model(tokenizer))
    optimizers = make_optimizers(model)
    resume = training.shards / "last.pt"
    _load(model, optimizers, resume)
    paths = shard_paths(training.shards)[rank::processes]
    examples = [example for path in paths for example in read_shard(path)]
    queue: list[list[Example]] = []
    begun, step, done, losses = time.monotonic(), 0, 0.0, np.zeros(len(_WEIGHTS))
    while done < 1.0 and os.getppid() == parent:  # a killed parent leaves no workers
        queue = queue or batches_of_scenes(examples, random)
        losses += run_step(model, make_batch(queue.pop(), tokenizer, random))
        done = _average_gradients(model, (time.monotonic() - begun) / 60 / training.minutes)
        update(model, optimizers, training.peak_rate * rate_factor(step, done))
        step += 1
        if rank:
            continue
        if step % _PRINT_EVERY == 0:
            means = zip(_WEIGHTS, losses / _PRINT_EVERY, strict=True)
            shown = "  ".join(f"{name} {loss:.3f}" for name, loss in means)
            print(f"{done:6.1%}  step {step}  {shown}", flush=True)
            losses[:] = 0
        if step % _SAVE_EVERY == 0 or done >= 1.0:
            _save(model, optimizers, tokenizer, training.checkpoint, resume)


def _average_gradients(model: TrainingModel, done: float) -> float:
    """Average gradients over the processes; gives the mean of `done`, the same to all of them."""
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    flat = torch.cat([*(gradient.flatten() for gradient in gradients), torch.tensor([done])])
    torch.distributed.all_reduce(flat)
    flat /= torch.distributed.get_world_size()
    sizes = [gradient.numel() for gradient in gradients]
    for gradient, mean in zip(gradients, flat[:-1].split(sizes), strict=True):
        gradient.copy_(mean.view_as(gradient))
    return float(flat[-1])


def _load(model: TrainingModel, optimizers: list[torch.optim.Optimizer], resume: Path) -> None:
    if resume.exists():
        state = torch.load(resume)
        model.load_state_dict(state["model"])
        for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)


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
        torch.optim.Muon(matrices, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, betas=(0.9, 0.98), weight_decay=0.05),
    ]


def rate_factor(step: int, done: float) -> float:
    """Of the peak rate: warm-up by steps, a plateau, a decay over the last 40 % of the time."""
    warm = min(1.0, (step + 1) / _WARMUP_STEPS)
    cool = 1.0 if done < 0.6 else 0.5 * (1 + math.cos(math.pi * (done - 0.6) / 0.4))
    return warm * max(cool, 0.01)


def run_step(model: TrainingModel, batch: Batch) -> np.ndarray:
    """Forward and backward; gives the losses, in the order of their weights' names."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        heard = model.encode(batch.mel, batch.frames)
        ids = model.af3.model.language_model.embed_tokens(batch.input_ids)
        audio = torch.arange(heard.embeds.shape[1])[None] < heard.counts[:, None]
        places = torch.zeros(batch.input_ids.shape, dtype=torch.bool)
        for row, count in enumerate(heard.counts.tolist()):
            places[row, batch.audio_start : batch.audio_start + count] = True
        ids = ids.masked_scatter(places[..., None], heard.embeds[audio].to(ids.dtype))
        wanted = batch.labels >= 0
        options = batch.right_options >= 0
        logits, judged = model.decode(ids, batch.mask, batch.position_ids, wanted, options)
    weights = batch.weights[wanted]
    text = cross_entropy(logits, batch.labels[wanted], reduction="none")
    losses = {
        "text": (text * weights).sum() / weights.sum(),
        "options": cross_entropy(judged, batch.right_options[options]),
    }
    for name in HEADS:
        classes = batch.targets[name]
        given = getattr(heard, name)[:, : classes.shape[1]].float()
        losses[name] = cross_entropy(given.flatten(0, 1), classes.flatten(), ignore_index=IGNORED)
    model.zero_grad(set_to_none=True)
    torch.stack([_WEIGHTS[name] * loss for name, loss in losses.items()]).sum().backward()
    return np.array([losses[name].item() for name in _WEIGHTS])


def update(model: TrainingModel, optimizers: list[torch.optim.Optimizer], rate: float) -> None:
    """One update of all weights."""
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
