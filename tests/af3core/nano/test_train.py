"""The program that trains nano: from shards to a checkpoint that loads, and on from there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from af3core.model.checkpoint import find_checkpoint
from af3core.model.request import Answer, Request
from af3core.model.transformers_engine import TransformersEngine
from af3core.nano.__main__ import main
from af3core.nano.data import make_shard, read_shard
from af3core.nano.scenes import Cast
from tests.media import spoken


def test_training_writes_a_checkpoint_and_goes_on_from_it(tmp_path: Path) -> None:
    work, checkpoint = tmp_path / "work", tmp_path / "checkpoint"
    for index in range(2):
        make_shard(work / "shards", index, Cast(), count=8)
    train = ["train", "--work", str(work), "--checkpoint", str(checkpoint), "--minutes"]
    assert main([*train, "0.05"]) == 0
    first = torch.load(work / "shards" / "last.pt")["model"]
    assert main([*train, "0.02"]) == 0
    second = torch.load(work / "shards" / "last.pt")["model"]
    name = "af3.model.audio_tower.conv1.weight"
    assert not torch.equal(first[name], second[name])
    assert (first[name] - second[name]).abs().max() < 0.02
    (answer,) = TransformersEngine(find_checkpoint(str(checkpoint))).answer(
        [Request(spoken(), "Who is speaking?", 4)]
    )
    assert isinstance(answer, Answer)


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
