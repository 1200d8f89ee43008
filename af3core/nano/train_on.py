"""Nano trained on with an export of the product's own tables: archive, annotations, better model.

Only the answers are taught (`gpt`). The encoder stays as it is: an export says what is heard, not
when, and a few hours of it would teach the ear to forget.
"""

from __future__ import annotations

import copy
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import torch
from torch.nn.functional import cross_entropy
from transformers import AudioFlamingo3ForConditionalGeneration, PreTrainedTokenizerFast

from af3core.errors import ConfigurationError
from af3core.nano.conversations import LONGEST_TOKENS, TalkBatch, TalkBatches
from af3core.nano.export_data import Conversation, read_export
from af3core.nano.model import TrainingModel, load_model, save_checkpoint
from af3core.nano.train import make_optimizers, rate_factor, update

PEAK_RATE = 4e-4
"""Half of that from nothing."""

_TAKEN = 0.5
"""Of what was learnt: weights between the old and the new ones keep what both know (Wortsman et al.
2022, "Robust fine-tuning of zero-shot models", whose untuned share this is). Without it, twelve
minutes of sound taught as much as they made nano forget: a word in six."""

_OPTIONS_WEIGHT = 0.5
_PRINT_EVERY_S, _SAVE_EVERY_S = 15.0, 60.0


@dataclass(frozen=True)
class TrainingOn:
    """What the training is told.

    Attributes:
        export: folder of an export in AF3's form; its `train` split is used.
        start: checkpoint to go on from.
        checkpoint: folder for the new one.
        minutes: of wall clock.
        peak_rate: of learning.
    """

    export: Path
    start: Path
    checkpoint: Path
    minutes: float
    peak_rate: float = PEAK_RATE


def train_on(training: TrainingOn) -> list[float]:
    """Train, and say how it goes; gives the loss of every step.

    An interruption leaves the last saved state in the checkpoint's folder.

    Raises:
        ConfigurationError: the export or the checkpoint cannot be used.
    """
    if not (training.start / "config.json").is_file():
        raise ConfigurationError(f"--start {training.start}: no checkpoint there")
    export = read_export(training.export)
    torch.manual_seed(0)
    torch.set_num_threads(1)  # beside other work, threads that wait for each other took ten times
    tokenizer = PreTrainedTokenizerFast.from_pretrained(training.start)
    batches = TalkBatches(export.conversations, tokenizer, Random(0))
    _say(f"{len(batches)} conversations of {training.export}")
    skipped = dict(export.skipped)
    if batches.too_long:
        skipped[f"longer than {LONGEST_TOKENS} tokens"] = batches.too_long
    for reason, count in sorted(skipped.items()):
        _say(f"skipped: {count} records: {reason}")
    if not len(batches):
        raise ConfigurationError(f"{training.export}: all its conversations are too long")
    model = TrainingModel(load_model(training.start))
    model.af3.model.audio_tower.requires_grad_(False)
    with _interruptions() as interrupted:
        return list(_steps(model, batches, tokenizer, training, interrupted))


def _steps(
    model: TrainingModel,
    batches: TalkBatches,
    tokenizer: PreTrainedTokenizerFast,
    training: TrainingOn,
    interrupted: threading.Event,
) -> Iterator[float]:
    optimizers = make_optimizers(model)
    start = copy.deepcopy(model.af3)
    begun = printed = saved = time.monotonic()
    done, step, shown = 0.0, 0, list[float]()
    queue: list[list[list[Conversation]]] = []
    while done < 1.0:
        queue = queue or batches.epoch()
        loss = run_step(model, batches.tensors(queue.pop()))
        update(model, optimizers, training.peak_rate * rate_factor(step, done))
        yield loss
        shown.append(loss)
        step += 1
        now = time.monotonic()
        done = (now - begun) / 60 / training.minutes
        if now - printed > _PRINT_EVERY_S or done >= 1.0:
            _say(f"{min(done, 1.0):6.1%}  step {step}  loss {sum(shown) / len(shown):.3f}")
            printed, shown = now, []
        if now - saved > _SAVE_EVERY_S or done >= 1.0:
            save_between(start, model.af3, tokenizer, training.checkpoint)
            saved = now
        if interrupted.is_set():
            raise KeyboardInterrupt


def run_step(model: TrainingModel, batch: TalkBatch) -> float:
    """Forward and backward; gives the mean loss of the answers' tokens."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ids = model.af3.model.language_model.embed_tokens(batch.input_ids)
        if batch.heard:
            heard = model.encode(batch.mel, batch.frames)
            embeds = [heard.embeds[w, : heard.counts[w]] for w in batch.heard]
            ids = ids.masked_scatter(batch.audio[..., None], torch.cat(embeds).to(ids.dtype))
        wanted = batch.labels >= 0
        options = batch.right_options >= 0
        logits, judged = model.decode(ids, batch.mask, batch.position_ids, wanted, options)
    weights = batch.weights[wanted]
    losses = cross_entropy(logits, batch.labels[wanted], reduction="none")
    loss = (losses * weights).sum() / weights.sum()
    lesson = loss
    if options.any():
        lesson = loss + _OPTIONS_WEIGHT * cross_entropy(judged, batch.right_options[options])
    model.zero_grad(set_to_none=True)
    lesson.backward()
    return loss.item()


def save_between(
    start: AudioFlamingo3ForConditionalGeneration,
    trained: AudioFlamingo3ForConditionalGeneration,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
) -> None:
    """Write the weights between both; an interruption leaves the checkpoint before."""
    between = copy.deepcopy(start)
    with torch.no_grad():
        for weight, new in zip(between.parameters(), trained.parameters(), strict=True):
            weight.lerp_(new, _TAKEN)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".writing-", dir=folder) as temporary:
        save_checkpoint(between, tokenizer, Path(temporary))
        for path in Path(temporary).iterdir():
            os.replace(path, folder / path.name)


@contextmanager
def _interruptions() -> Iterator[threading.Event]:
    """Ctrl-C as an event, to be looked at between steps.

    Raised where it comes, it is lost in a callback from C, or leaves half of a checkpoint's files.
    """
    came = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    previous = signal.signal(signal.SIGINT, lambda _number, _frame: came.set())
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, previous)


def _say(line: str) -> None:
    print(line, flush=True)
