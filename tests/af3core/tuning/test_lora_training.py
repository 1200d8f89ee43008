"""LoRA's steps: what is taught, and a killed run that comes to the same weights."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from af3core.errors import ConfigurationError
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.model.weights.loading import load_processor, load_transformers_model
from af3core.tuning import lora_training
from af3core.tuning.lessons import IGNORED, Lesson, Lessons, padded
from af3core.tuning.lora_training import LoraRule, rate_factor, train, with_lora

RULE = LoraRule(rank=4, learning_rate=1e-3, epochs=2, seed=3)
QUESTION = "Transcribe the input speech."


@pytest.fixture
def lessons(tmp_path: Path) -> list[Lesson]:
    """More than a step of them."""
    noise = np.random.default_rng(0)
    found = []
    for number in range(9):
        path = tmp_path / f"{number}.flac"
        soundfile.write(path, 0.1 * noise.standard_normal(8_000 + 800 * number), 16_000)
        found.append(Lesson(str(number), path, QUESTION, "the storm" if number else ""))
    return found


def weights_after(
    checkpoint: Path, lessons: list[Lesson], state: Path, steps: int | None = None
) -> tuple[dict[str, torch.Tensor], list[float]]:
    """The matrices that were added, and the losses, after so many steps of this run."""
    found = find_checkpoint(str(checkpoint))
    model = load_transformers_model(found, "float32", torch.device("cpu"))
    prepared = Lessons(lessons, model, load_processor(found), RULE.seed)
    tuned = with_lora(model, RULE)
    run = train(tuned, prepared, RULE, state, lambda _line: None)
    losses = list(itertools.islice(run, steps))
    named = {name: w.detach() for name, w in tuned.named_parameters() if w.requires_grad}
    assert all("language_model" in name for name in named)
    return named, losses


def test_a_killed_run_comes_to_the_same_weights(
    untrained: Path, lessons: list[Lesson], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lora_training, "_SAVE_EVERY_S", 0.0)
    whole, losses = weights_after(untrained, lessons, tmp_path / "whole.pt")
    assert len(losses) == 4
    assert losses[2] < losses[0]
    _, first = weights_after(untrained, lessons, tmp_path / "killed.pt", steps=1)
    again, rest = weights_after(untrained, lessons, tmp_path / "killed.pt")
    assert [*first, *rest] == losses
    assert all(torch.equal(again[name], weight) for name, weight in whole.items())
    (tmp_path / "killed.pt").write_bytes(b"PK")
    with pytest.raises(ConfigurationError, match="remove it, and the training begins anew"):
        weights_after(untrained, lessons, tmp_path / "killed.pt")


def test_only_the_answer_is_taught(untrained: Path, lessons: list[Lesson]) -> None:
    found = find_checkpoint(str(untrained))
    model = load_transformers_model(found, "float32", torch.device("cpu"))
    processor = load_processor(found)
    prepared = Lessons(lessons[:2], model, processor, 0)
    embeds, mask, labels = padded(prepared.step(0), torch.device("cpu"))
    assert embeds.shape[:2] == mask.shape == labels.shape
    taught = sorted(row[row != IGNORED].tolist() for row in labels)
    end = processor.tokenizer.eos_token_id
    assert taught == sorted([[end], [*processor.tokenizer("the storm").input_ids, end]])


def test_the_rate_rises_and_falls() -> None:
    factors = [rate_factor(number, 20) for number in range(20)]
    assert factors[:3] == [0.5, 1.0, 1.0]
    assert factors[2:] == sorted(factors[2:], reverse=True)
    assert 0 < factors[-1] < 0.02
