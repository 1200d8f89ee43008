"""Files of weights that are not there, not whole or something else, told by their headers."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from af3core.errors import AccessDenied, ConfigurationError
from af3core.model.weights.checkpoint import find_checkpoint, nano_folder
from af3core.model.weights.completeness import WeightFiles, check_weight_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nano's checkpoint, its files linked."""
    made = tmp_path / "model"
    made.mkdir()
    for path in nano_folder().iterdir():
        (made / path.name).symlink_to(path)
    return made


@pytest.fixture
def sharded(folder: Path) -> Path:
    """Its weights in two files and an index, as save_pretrained writes them."""
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    of_file = {name: f"model-0000{1 + i % 2}-of-00002.safetensors" for i, name in enumerate(names)}
    for file in set(of_file.values()):
        save_file({n: weights[n] for n in names if of_file[n] == file}, folder / file)
    index = {"metadata": {"total_size": 0}, "weight_map": of_file}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def refused(folder: Path) -> str:
    with pytest.raises(ConfigurationError) as raised:
        find_checkpoint(str(folder))
    message = str(raised.value)
    assert message.startswith(f"--model {folder}: ")
    return message.replace(str(folder), "F").removeprefix("--model F: ")


def test_whole_weights_are_counted(folder: Path) -> None:
    assert check_weight_files("nano", folder) == WeightFiles(
        1, 17_398_752, 8_692_480, has_output_layer=True
    )


def test_whole_shards_hold_as_many_numbers(sharded: Path) -> None:
    found = check_weight_files("nano", sharded)
    assert (found.files, found.parameters) == (2, 8_692_480)
    assert find_checkpoint(str(sharded)).model_type == "audioflamingo3"


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (
            10_000_000,
            "F/model.safetensors is cut short: 9,986,208 bytes of tensors of 17,384,960; fetch it"
            " again in full",
        ),
        (5_000, "F/model.safetensors is cut short: 5,000 bytes; fetch it again in full"),
        (3, "F/model.safetensors is no file of safetensors; fetch it again in full"),
        (0, "F/model.safetensors is empty; fetch it again in full"),
    ],
)
def test_a_truncated_file_is_named(folder: Path, size: int, said: str) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").write_bytes(whole[:size])
    assert refused(folder) == said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 17398752\n",
            "is a pointer of Git LFS instead of the file; run git lfs pull there",
        ),
        (
            b"<!DOCTYPE html><html><title>Sign in</title></html>",
            "is a web page instead of the file; fetch it again in full",
        ),
        (
            b"PK\x03\x04" + bytes(40),
            "is a pickle of PyTorch; give weights as safetensors",
        ),
        (
            (12).to_bytes(8, "little") + b"{'no': json}",
            "has a damaged header; fetch it again in full",
        ),
    ],
)
def test_another_file_of_the_name_is_said_to_be_it(folder: Path, data: bytes, said: str) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").write_bytes(data)
    assert refused(folder) == f"F/model.safetensors {said}"


def test_bytes_behind_the_tensors_are_no_whole_file(folder: Path) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").write_bytes(whole + b"12345")
    assert "F/model.safetensors has 5 bytes too many; " in refused(folder)


def test_a_missing_shard_is_named(sharded: Path) -> None:
    (sharded / "model-00002-of-00002.safetensors").unlink()
    assert refused(sharded) == (
        "F/model-00002-of-00002.safetensors is missing; fetch it again in full"
    )


def test_a_shard_without_a_tensor_of_the_index_is_named(sharded: Path) -> None:
    save_file({"another": torch.zeros(2)}, sharded / "model-00001-of-00002.safetensors")
    assert ", which model.safetensors.index.json names; " in refused(sharded)


def test_an_index_that_is_none_is_named(sharded: Path) -> None:
    (sharded / "model.safetensors.index.json").write_text("[]")
    assert refused(sharded) == (
        "F/model.safetensors.index.json is no index of tensors; fetch it again in full"
    )


@pytest.mark.parametrize("what", ["model.safetensors", ".", ".."])
def test_weights_that_may_not_be_read_are_one_line(what: str) -> None:
    """Root may read everything, so that another user looks."""
    with tempfile.TemporaryDirectory(prefix="af3-test-") as above:
        folder = Path(above, "in", "model")
        shutil.copytree(nano_folder(), folder)
        Path(above).chmod(0o755)
        (folder / what).resolve().chmod(0)
        if not os.geteuid():
            os.seteuid(65534)
        try:
            with pytest.raises(AccessDenied) as raised:
                find_checkpoint(str(folder))
        finally:
            os.seteuid(os.getuid())
            (folder / what).resolve().chmod(0o755)
    assert str(raised.value).startswith(f"--model {folder}: {folder}")
    assert "permission denied; give this user the right to read" in str(raised.value)


def test_think_weights_count_what_they_change(folder: Path) -> None:
    think = folder / "think"
    think.mkdir()
    (think / "adapter_config.json").write_text("{}")
    key = "base_model.model.model.language_model.layers.0.mlp.down_proj"
    lora = {
        f"{key}.lora_A.weight": torch.zeros(2, 768),
        f"{key}.lora_B.weight": torch.zeros(256, 2),
    }
    save_file(lora, think / "adapter_model.safetensors")
    save_file({"embed": torch.zeros(10, 3)}, think / "non_lora_trainables.safetensors")
    assert check_weight_files("nano", folder).think_parameters == 256 * 768 + 30
    (think / "adapter_model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    assert "adapter_model.safetensors is a pointer of Git LFS" in refused(folder)
