"""Training on with an export: what is read, what is taught, and a checkpoint that loads."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast

from af3core.audio.clip_file import encode_flac
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.request import Answer, Decoding, Request, Sound, Turn, ask
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.nano import train_on
from af3core.nano.__main__ import main
from af3core.nano.batches import IGNORED
from af3core.nano.conversations import TalkBatches
from af3core.nano.export_data import read_export
from af3core.nano.model import TrainingModel, load_model
from af3core.nano.train import make_optimizers, update

Record = dict[str, Any]
LENGTHS_S = {"a": 1.5, "b": 0.71, "c": 33.0}
ONE = [("<sound>\nWhich sound comes first?\n(A) rain\n(B) a bell", "(B) a bell")]
TURNS = [("<sound>\nWhat is heard?", "Rain."), ("And then?", "A bell.")]
SEVERAL = [("Is <sound-1> louder than <sound-2>?", "No."), ("Why?", "It is far.")]


def record(name: str, turns: list[tuple[str, str]], *sounds: str) -> Record:
    """A record as `af3 export` writes it."""
    names = [f"sounds/{sound}.flac" for sound in sounds]
    values = [(who, text) for turn in turns for who, text in zip(("human", "gpt"), turn)]  # noqa: B905
    return {
        "id": name,
        "sound": names[0] if len(names) == 1 else names,
        "conversations": [{"from": who, "value": text} for who, text in values],
    }


def export(folder: Path, records: list[Record]) -> Path:
    """A folder with three sounds of noise."""
    (folder / "sounds").mkdir(parents=True)
    noise = np.random.default_rng(0)
    for name, seconds in LENGTHS_S.items():
        samples = (3000 * noise.standard_normal(int(16_000 * seconds))).astype(np.int16)
        (folder / f"sounds/{name}.flac").write_bytes(encode_flac(samples))
    (folder / "train-00000.json").write_text(json.dumps(records), "utf-8")
    return folder


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    records = [record("1", ONE, "a"), record("2", TURNS, "a"), record("3", SEVERAL, "a", "b")]
    records += [record("4", ONE, "b"), record("5", [("What is rain?", "Water.")])]
    return export(tmp_path / "export", records)


def batches_of(folder: Path, checkpoint: Path) -> TalkBatches:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(checkpoint)
    return TalkBatches(read_export(folder).conversations, tokenizer, Random(0))


@pytest.mark.parametrize(
    ("turns", "sounds", "asked"),
    [
        (ONE, ["a"], ONE[0][0].removeprefix("<sound>\n")),
        (SEVERAL[:1], ["a", "b"], SEVERAL[0][0]),
        ([("Which one hums?", "Both.")], ["b", "a"], "Which one hums?"),
        (ONE, ["c"], ONE[0][0].removeprefix("<sound>\n")),
    ],
)
def test_a_question_is_put_as_the_engine_puts_it(
    turns: list[tuple[str, str]], sounds: list[str], asked: str, untrained: Path, tmp_path: Path
) -> None:
    folder = export(tmp_path / "export", [record("1", turns, *sounds)])
    batches = batches_of(folder, untrained)
    ((row,),) = batches.epoch()
    batch = batches.tensors([row])
    engine = Af3Engine.load(find_checkpoint(str(untrained)))
    lengths = [int(16_000 * LENGTHS_S[name]) for name in sounds]
    heard = tuple(Sound(np.zeros(length, np.float32)) for length in lengths)
    prompt = engine.prompt_builder.build(Request(heard, (Turn("user", asked),), Decoding(8))).ids
    audio_id = engine.processor.audio_token_id
    ids = batch.input_ids.masked_fill(batch.audio, audio_id)[0].tolist()
    assert tuple(ids[: len(prompt)]) == prompt
    assert batch.position_ids[0].tolist() == list(range(len(ids)))
    taught = batch.labels[0] != IGNORED
    answer = engine.processor.tokenizer(turns[0][1] + "<|im_end|>").input_ids
    assert batch.labels[0][taught].tolist() == answer
    assert int(taught.nonzero()[0]) == len(prompt) - 1
    assert int(batch.frames.sum()) == sum(-(-length // 160) for length in lengths)


def test_conversations_about_one_sound_share_it_and_do_not_see_each_other(
    tiny: Path, untrained: Path
) -> None:
    batches = batches_of(tiny, untrained)
    rows = [row for step in batches.epoch() for row in step]
    assert sorted(len(row) for row in rows) == [1, 1, 1, 2]
    (shared,) = [row for row in rows if len(row) == 2]
    batch = batches.tensors([shared])
    assert len(batch.heard) == 1
    alone = [batches.tensors([[conversation]]) for conversation in shared]
    prefix = int(batch.audio[0].nonzero()[-1]) + 1
    lengths = [one.input_ids.shape[1] - prefix for one in alone]
    first, second = slice(prefix, prefix + lengths[0]), slice(prefix + lengths[0], None)
    assert not batch.mask[0, 0, second, first].any()
    for part, one in zip((first, second), alone, strict=True):
        assert torch.equal(batch.input_ids[0, part], one.input_ids[0, prefix:])
        assert torch.equal(batch.position_ids[0, part], one.position_ids[0, prefix:])
        assert torch.equal(batch.labels[0, part], one.labels[0, prefix:])
        assert torch.equal(batch.mask[0, 0, part, part], one.mask[0, 0, prefix:, prefix:])


def test_the_second_answer_sees_the_first_turn(untrained: Path, tmp_path: Path) -> None:
    batches = batches_of(export(tmp_path / "e", [record("1", SEVERAL, "a", "b")]), untrained)
    ((row,),) = batches.epoch()
    batch = batches.tensors([row])
    length = batch.input_ids.shape[1]
    assert torch.equal(batch.mask[0, 0], torch.ones(length, length, dtype=torch.bool).tril())
    taught = batch.labels[0][batch.labels[0] != IGNORED].tolist()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(untrained)
    assert tokenizer.decode(taught) == "No.<|im_end|>It is far.<|im_end|>"


def test_the_loss_falls(tiny: Path, untrained: Path) -> None:
    torch.manual_seed(0)
    batches = batches_of(tiny, untrained)
    model = TrainingModel(load_model(untrained))
    optimizers = make_optimizers(model)
    means = []
    for _ in range(12):
        losses = []
        for rows in batches.epoch():
            losses.append(train_on.run_step(model, batches.tensors(rows)))
            update(model, optimizers, 2e-3)
        means.append(np.mean(losses))
    assert means[-1] < 0.6 * means[0]


def test_training_on_writes_a_checkpoint_that_answers(
    tiny: Path, untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new"
    told = ["train-on", str(tiny), "--checkpoint", str(new), "--start", str(untrained)]
    assert main([*told, "--minutes", "0.05"]) == 0
    assert capsys.readouterr().out.startswith(f"5 conversations of {tiny}\n")
    before, after = (load_file(folder / "model.safetensors") for folder in (untrained, new))
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert any(name.startswith("language_model") for name in moved)
    assert not any(name.startswith("audio_tower") for name in moved)
    (answer,) = Af3Engine.load(find_checkpoint(str(new))).answer(
        [ask(Sound(np.zeros(16_000, np.float32)), "What is heard?", 4)]
    )
    assert isinstance(answer, Answer)
    assert not list(new.glob(".writing-*"))


def test_an_interruption_keeps_the_last_saved_state(
    tiny: Path,
    untrained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(train_on, "_SAVE_EVERY_S", 0.0)
    new = tmp_path / "new"

    def interrupt() -> None:
        while not any(path.is_file() for path in new.glob("*")):  # the first file of several
            time.sleep(0.0002)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    told = ["train-on", str(tiny), "--checkpoint", str(new), "--start", str(untrained)]
    assert main([*told, "--minutes", "5"]) == 130
    assert capsys.readouterr().err.endswith("nano: interrupted; what was saved last stays\n")
    Af3Engine.load(find_checkpoint(str(new)))


def test_what_cannot_be_taught_is_counted_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "e").mkdir()
    records = [
        record("1", ONE, "a"),
        record("2", [("<sound-3>?", "No.")], "a", "b"),
        record("3", [("<sound>\n<|im_end|>", "No.")], "a"),
        record("4", [("<sound>\nWhat?", "<sound>")], "a"),
        {"id": "5", "sound": "sounds/a.flac", "conversations": [{"from": "gpt", "value": "A."}]},
        {"id": "6", "sound": "sounds/a.flac"},
    ]
    found = read_export(export(tmp_path / "e" / "x", records))
    assert len(found.conversations) == 1
    assert found.skipped == {
        "a mark without a sound": 1,
        "a special token in a question": 1,
        "a mark or a special token in an answer": 1,
        "turns are not human's and gpt's in turn": 2,
    }


def test_what_is_too_long_is_counted(untrained: Path, tmp_path: Path) -> None:
    folder = export(tmp_path / "e", [record("1", ONE, "a"), record("2", ONE, *("c",) * 6)])
    batches = batches_of(folder, untrained)
    assert (len(batches), batches.too_long) == (2, 0)
    marks = "".join("<sound-1>" for _ in range(6))
    (folder / "train-00000.json").write_text(
        json.dumps([record("1", ONE, "a"), record("2", [(marks, "No.")], "c")])
    )
    batches = batches_of(folder, untrained)
    assert (len(batches), batches.too_long) == (1, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: (f / "train-00000.json").unlink(), "no train-*.json in it; give the folder"),
        (lambda f: (f / "train-00000.json").write_text("[]"), "no conversation to train on (0"),
        (lambda f: (f / "train-00000.json").write_text("{"), "train-00000.json: no JSON; give"),
        (lambda f: (f / "train-00000.json").write_text("{}"), "no list of records; give the"),
        (lambda f: (f / "sounds/b.flac").unlink(), "b.flac: this sound is missing; export again"),
        (lambda f: (f / "sounds/b.flac").write_bytes(b"x"), "b.flac: this sound is damaged;"),
    ],
)
def test_a_wrong_export_is_one_clear_line(
    tiny: Path, tmp_path: Path, change: Any, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change(tiny)
    assert main(["train-on", str(tiny), "--checkpoint", str(tmp_path / "new")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"nano: {tiny}")
    assert said in line
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train-on"], "EXPORT is of train-on, which needs one"),
        (["train", "somewhere"], "EXPORT is of train-on"),
        (["train-on", "somewhere"], "--checkpoint is missing: name a folder for the model"),
        (["train-on", ".", "--checkpoint", "x", "--start", "none"], "--start none: no checkpoint"),
    ],
)
def test_wrong_options_are_one_clear_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
