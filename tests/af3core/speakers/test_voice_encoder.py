"""Voice encoders by name, and what they say to names that are none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForXVector

from af3core.errors import ConfigurationError
from af3core.speakers import network_file
from af3core.speakers.voice_encoder import (
    VoiceEncoderIdentity,
    load_voice_encoder,
    voice_encoder_identity,
)
from tests import media


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small x-vector model in transformers' form; it has learned nothing."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("voices") / "small-xvector"
    config = Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8, 8, 8, 8, 8, 8, 8),
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
        tdnn_dim=(8, 8, 8, 8, 16),
        xvector_output_dim=12,
    )
    Wav2Vec2ForXVector(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return folder


def test_the_embedded_encoder() -> None:
    identity = voice_encoder_identity("campplus")
    assert identity == VoiceEncoderIdentity("campplus", "2668b2e8885171bb", 192)
    encoder = load_voice_encoder("campplus")
    assert encoder.identity == identity
    speech = media.spoken()
    vectors = encoder.encode([speech, speech[:1000], np.zeros(0, np.float32)])
    assert vectors.shape == (3, 192)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert encoder.encode([]).shape == (0, 192)


def test_an_identity_needs_neither_torch_nor_onnxruntime() -> None:
    code = (
        "import sys; from af3core.speakers.voice_encoder import voice_encoder_identity as i;"
        "i('campplus'); print([m for m in ('torch', 'onnxruntime', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_checkpoint_of_transformers(checkpoint: Path) -> None:
    identity = voice_encoder_identity(str(checkpoint))
    assert (identity.name, identity.dimensions, len(identity.revision)) == ("small-xvector", 12, 16)
    encoder = load_voice_encoder(str(checkpoint))
    assert encoder.identity == identity
    speech = media.spoken()
    one, other, short = encoder.encode([speech, speech, speech[:800]])
    assert one.tolist() == other.tolist()
    assert [float(np.linalg.norm(each)) for each in (one, short)] == pytest.approx([1, 1])


def test_names_of_no_encoder_are_told_in_a_line(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="neither campplus, nor a folder, nor a hub id"):
        voice_encoder_identity("no such//encoder")
    with pytest.raises(ConfigurationError, match="the folder holds no checkpoint"):
        voice_encoder_identity(str(tmp_path))
    (tmp_path / "config.json").write_text('{"architectures": ["Wav2Vec2ForCTC"]}', "utf-8")
    with pytest.raises(ConfigurationError, match=r"config\.json describes no x-vector model"):
        voice_encoder_identity(str(tmp_path))
    (tmp_path / "config.json").write_bytes((checkpoint / "config.json").read_bytes())
    with pytest.raises(ConfigurationError, match="no whole x-vector checkpoint"):
        load_voice_encoder(str(tmp_path))
    (same := tmp_path / "campplus").mkdir()
    (same / "config.json").write_bytes((checkpoint / "config.json").read_bytes())
    with pytest.raises(ConfigurationError, match="campplus is the name of the embedded encoder"):
        voice_encoder_identity(str(same))


def test_weights_that_are_missing_are_not_drawn(checkpoint: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for path in checkpoint.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    del weights["projector.weight"]
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ConfigurationError, match=r"1 weights such as projector\.weight are"):
        load_voice_encoder(str(tmp_path))


def test_a_file_that_is_another_one_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_file, "_FOLDER", tmp_path)
    with pytest.raises(ConfigurationError, match="is not the published file: install"):
        network_file.open_network(network_file.CAMPPLUS)
    (tmp_path / network_file.CAMPPLUS.name).write_bytes(b"half")
    with pytest.raises(ConfigurationError, match="is not the published file: install"):
        network_file.open_network(network_file.CAMPPLUS)
