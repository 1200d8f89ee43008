"""LoRA on the decoder of a checkpoint: seeded steps that go on where a killed run stopped.

LoRA: Hu et al. 2022 (arXiv 2106.09685), by PEFT. The encoder stays as it is: reviewed answers say
what is heard, and a few hours of them would teach the ear to forget.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import (
    LoraConfig,
    get_peft_model,
    get_peft_model_state_dict,
    set_peft_model_state_dict,
)
from torch.nn.functional import cross_entropy

from af3core.errors import ConfigurationError
from af3core.storage.os_errors import translate_os_errors
from af3core.tuning.lessons import IGNORED, Encoded, Lessons, padded

_TARGETS = r".*language_model\.layers\..*\.(?:[qkvo]_proj|gate_proj|up_proj|down_proj)"
"""All linear layers of the decoder, as AF3's own adapter of its stage 3.5."""
_WARM_UP = 0.1
"""Share of the steps over which the rate rises."""
_LARGEST_GRADIENT = 1.0
_SAVE_EVERY_S = 30.0
_LESSONS_AT_ONCE = 4
"""Whose activations are held together: a step's gradients are added up."""


@dataclass(frozen=True)
class LoraRule:
    """What decides the weights beside data and source.

    Attributes:
        rank: of the matrices that are added; they are scaled by two.
        learning_rate: the highest.
        epochs: how often each lesson comes.
        seed: of the first weights and of the order of lessons.
    """

    rank: int
    learning_rate: float
    epochs: int
    seed: int


def with_lora(model: Any, rule: LoraRule) -> Any:
    """PEFT's model of it, with matrices to train in its decoder; all other weights stay."""
    torch.manual_seed(rule.seed)
    config = LoraConfig(
        r=rule.rank, lora_alpha=2 * rule.rank, target_modules=_TARGETS, lora_dropout=0.0
    )
    tuned: Any = get_peft_model(model, config)
    if model.device.type == "cuda":
        # activations of the layers are computed again: 8 B of parameters leave no room for them
        tuned.gradient_checkpointing_enable()
        tuned.enable_input_require_grads()
    return tuned


def train(
    model: Any,
    lessons: Lessons,
    rule: LoraRule,
    state: Path,
    say: Callable[[str], None],
) -> Iterator[float]:
    """Train, and keep what is learnt in the file `state`; gives the loss of each step.

    A run that comes again goes on behind the last step that was kept, to the same weights.

    Raises:
        ConfigurationError: what was kept is damaged.
        StorageError: it cannot be written.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=rule.learning_rate, weight_decay=0.0)
    steps = rule.epochs * lessons.steps_per_epoch
    begun = _restored(model, optimizer, state)
    if begun:
        say(f"goes on behind step {begun} of {steps}")
    model.train()
    saved = time.monotonic()
    for number in range(begun, steps):
        for group in optimizer.param_groups:
            group["lr"] = rule.learning_rate * rate_factor(number, steps)
        loss = _run_step(model, lessons.step(number))
        torch.nn.utils.clip_grad_norm_(weights, _LARGEST_GRADIENT)
        optimizer.step()
        is_last = number + 1 == steps
        if is_last or time.monotonic() - saved > _SAVE_EVERY_S:
            _keep(model, optimizer, number + 1, state)
            say(f"step {number + 1} of {steps}, loss {loss:.3f}")
            saved = time.monotonic()
        yield loss
    model.eval()


def rate_factor(number: int, steps: int) -> float:
    """Of the highest rate: it rises over the first tenth of the steps, and falls to nothing by a
    cosine. Pure."""
    warm = max(1, math.ceil(_WARM_UP * steps))
    if number < warm:
        return (number + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (number - warm) / max(1, steps - warm)))


def _run_step(model: Any, lessons: Sequence[Encoded]) -> float:
    """Gradients of a step; gives the mean loss of its answers' tokens."""
    model.zero_grad(set_to_none=True)
    base = model.get_base_model()
    # each token weighs the same, whatever batch it comes in
    taught = sum(int((lesson.labels != IGNORED).sum()) for lesson in lessons)
    total = 0.0
    for first in range(0, len(lessons), _LESSONS_AT_ONCE):
        embeds, mask, labels = padded(lessons[first : first + _LESSONS_AT_ONCE], base.device)
        states = base.model.language_model(
            inputs_embeds=embeds, attention_mask=mask, use_cache=False
        ).last_hidden_state[:, :-1]
        wanted = labels[:, 1:]
        is_taught = wanted != IGNORED
        logits = base.lm_head(states[is_taught]).float()
        loss = cross_entropy(logits, wanted[is_taught], reduction="sum")
        (loss / taught).backward()
        total += loss.item()
    return total / taught


def _keep(model: Any, optimizer: torch.optim.Optimizer, step: int, state: Path) -> None:
    held = {
        "step": step,
        "adapter": get_peft_model_state_dict(model, save_embedding_layers=False),
        "optimizer": optimizer.state_dict(),
    }
    written = state.with_suffix(".writing")
    with translate_os_errors(state):
        torch.save(held, written)
        os.replace(written, state)


def _restored(model: Any, optimizer: torch.optim.Optimizer, state: Path) -> int:
    """How many steps are done; model and optimizer are as they were behind them."""
    if not state.is_file():
        return 0
    try:
        held = torch.load(state, map_location=model.device, weights_only=True)
        set_peft_model_state_dict(model, held["adapter"])
        optimizer.load_state_dict(held["optimizer"])
        return int(held["step"])
    except Exception as error:  # a damaged file raises whatever its bytes spell
        raise ConfigurationError(
            f"{state}: cannot be read ({type(error).__name__}); remove it, and the training begins"
            " anew"
        ) from error
