"""The program that trains nano: from shards to a checkpoint that loads, and on from there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast

from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.request import Answer, Sound, ask
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.nano.__main__ import main
from af3core.nano.batches import right_options
from af3core.nano.questions import Question
from af3core.nano.scenes import Cast
from af3core.nano.tokenizer import PROMPT_TAIL
from af3core.nano.training_data import make_shard, read_shard
from af3core.tasks.task import Task
from tests.media import spoken

WEIGHTS = "model.safetensors"


def test_training_writes_a_checkpoint_and_goes_on_from_it(tmp_path: Path) -> None:
    work, checkpoint = tmp_path / "work", tmp_path / "checkpoint"
    for index in range(2):
        make_shard(work / "shards", index, Cast(), count=2)
    train = ["train", "--work", str(work), "--checkpoint", str(checkpoint), "--minutes"]
    assert main([*train, "0.02"]) == 0
    first = torch.load(work / "shards" / "last.pt")["model"]
    (work / "shards" / "0001.npz").unlink()  # one process is enough to go on
    assert main([*train, "0.02"]) == 0
    second = torch.load(work / "shards" / "last.pt")["model"]
    name = "af3.model.audio_tower.conv1.weight"
    assert not torch.equal(first[name], second[name])
    assert (first[name] - second[name]).abs().max() < 0.02
    (answer,) = Af3Engine.load(find_checkpoint(str(checkpoint))).answer(
        [ask(Sound(spoken()), "Who is speaking?", 4)]
    )
    assert isinstance(answer, Answer)


def test_training_starts_from_a_checkpoint(untrained: Path, tmp_path: Path) -> None:
    """Its weights and its tokenizer, moved by a few steps only."""
    make_shard(tmp_path / "shards", 0, Cast(), count=2)
    options = ["--work", str(tmp_path), "--checkpoint", str(tmp_path / "c"), "--minutes", "0.02"]
    assert main(["train", *options, "--start", str(untrained), "--rate", "1e-3"]) == 0
    before, after = (load_file(folder / WEIGHTS) for folder in (untrained, tmp_path / "c"))
    name = "audio_tower.conv1.weight"
    moved = (before[name].float() - after[name].float()).abs().max()
    assert 0 < moved < 5e-2
    tokenizers = [
        (folder / "tokenizer.json").read_bytes() for folder in (untrained, tmp_path / "c")
    ]
    assert tokenizers[0] == tokenizers[1]


def test_right_options_are_marked_at_their_last_token(tokenizer: PreTrainedTokenizerFast) -> None:
    task = Task("t", "question", "Which sound?", options=("a dog barking", "rain", "a bell"))
    question = Question("which_sound", task.prompt_text, "(B) rain", task.options)
    labels = right_options(question, tokenizer)
    ids = tokenizer(question.prompt + PROMPT_TAIL).input_ids
    marked = [
        (tokenizer.decode([i]), mark) for i, mark in zip(ids, labels, strict=True) if mark >= 0
    ]
    assert marked == [(" barking", 0), (" rain", 1), (" bell", 0)]


def test_a_shard_gives_back_its_scenes(tmp_path: Path) -> None:
    make_shard(tmp_path, 0, Cast(), count=3)
    examples = read_shard(tmp_path / "0000.npz")
    assert len(examples) == 3
    for example in examples:
        assert example.mel.shape == (128, example.scene.duration_ms // 10)
        assert [event.start_ms for event in example.scene.events] == sorted(
            event.start_ms for event in example.scene.events
        )


def test_training_without_data_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--work", str(tmp_path), "--checkpoint", str(tmp_path / "c")]) == 2
    assert capsys.readouterr().err.endswith(
        "no shards; run python -m af3core.nano make-data first\n"
    )
