"""Weights read where they lie: the names of older trees, ties, and files that go away."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from af3core.errors import ConfigurationError
from af3core.model.weights.checkpoint import find_checkpoint, nano_folder
from af3core.model.weights.loading import load_transformers_model, load_weights
from af3core.model.weights.stored_weights import EMBEDDINGS, HEAD, StoredWeights, name_now

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("stored", "now"),
    [
        ("language_model.model.layers.0.mlp.up_proj.weight", "layers.0.mlp.up_proj.weight"),
        ("model.language_model.layers.0.mlp.up_proj.weight", "layers.0.mlp.up_proj.weight"),
        ("model.language_model.model.norm.weight", "norm.weight"),
        ("language_model.layers.3.mlp.up_proj.weight", "layers.3.mlp.up_proj.weight"),
    ],
)
def test_names_of_older_trees(stored: str, now: str) -> None:
    assert name_now(stored) == f"model.language_model.{now}"


def test_names_outside_of_the_decoder() -> None:
    assert name_now("language_model.lm_head.weight") == name_now("lm_head.weight") == HEAD
    assert name_now("audio_tower.conv1.bias") == "model.audio_tower.conv1.bias"
    assert name_now("multi_modal_projector.linear_1.bias") == (
        "model.multi_modal_projector.linear_1.bias"
    )


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_they_are_the_weights_that_transformers_loads(dtype: str) -> None:
    nano = find_checkpoint("nano")
    theirs = load_transformers_model(nano, dtype, CPU).state_dict()
    loaded = load_weights(nano, dtype, CPU)
    ours = loaded.states["base"]
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert {weight.dtype for weight in ours.values()} == {getattr(torch, dtype)}
    assert loaded.end_ids == frozenset([2])


def test_views_share_the_files_pages_and_copies_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(nano_folder(), folder)
    with StoredWeights("m", folder, is_tied=False) as stored:
        assert stored[EMBEDDINGS].data_ptr() == stored[EMBEDDINGS].data_ptr()
        kept = load_weights(find_checkpoint(str(folder)), "float32", CPU).states["base"]
        before = kept[EMBEDDINGS].clone()
    (folder / "model.safetensors").write_bytes(b"")
    assert torch.equal(kept[EMBEDDINGS], before)


def test_tied_layers_are_one_weight(tmp_path: Path) -> None:
    one, other = torch.ones(3, 2), torch.zeros(3, 2)
    words = {"language_model.model.embed_tokens.weight": one}
    folder = tmp_path / "model"
    folder.mkdir()
    for stored, is_tied, expected in (
        (words | {HEAD: one.clone()}, True, {EMBEDDINGS}),
        (words | {HEAD: other}, True, {EMBEDDINGS, HEAD}),
        ({HEAD: one}, True, {EMBEDDINGS}),
        (words | {HEAD: one.clone()}, False, {EMBEDDINGS, HEAD}),
    ):
        save_file(stored, folder / "model.safetensors")
        with StoredWeights("m", folder, is_tied=is_tied) as found:
            assert set(found) == expected


def test_an_index_says_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})
    )
    save_file({"a": torch.ones(1), "stray": torch.ones(1)}, tmp_path / "one.safetensors")
    save_file({"b": torch.ones(1)}, tmp_path / "two.safetensors")
    with StoredWeights("m", tmp_path, is_tied=False) as found:
        assert sorted(found) == ["a", "b"]
    (tmp_path / "two.safetensors").unlink()
    with pytest.raises(ConfigurationError, match=r"two\.safetensors is missing; fetch it again"):
        StoredWeights("m", tmp_path, is_tied=False)
    (tmp_path / "two.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ConfigurationError, match=r"two\.safetensors cannot be read"):
        StoredWeights("m", tmp_path, is_tied=False)


def test_weights_of_another_shape_or_name_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(nano_folder(), folder)
    weights = load_file(folder / "model.safetensors")
    name = "language_model.model.norm.weight"
    save_file(weights | {name: torch.ones(3)}, folder / "model.safetensors")
    with pytest.raises(ConfigurationError, match=r"norm\.weight is \[3\] and not \[256\]"):
        load_weights(find_checkpoint(str(folder)), "float32", CPU)
    del weights[name]
    save_file(weights | {"odd": torch.ones(3)}, folder / "model.safetensors")
    with pytest.raises(ConfigurationError, match=r"1 missing .*norm.* 1 left over .*odd"):
        load_weights(find_checkpoint(str(folder)), "float32", CPU)
