"""`--think-model`: a pair of checkpoints is one model; what cannot be a pair is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from af3core.model.weights.checkpoint import find_checkpoint
from tests.af3core.model.engines.test_af3_engine import write_think
from tests.beam_jobs.small_night import settings_of


def test_a_pair_is_another_model(untrained: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "arc").mkdir()
    revision = find_checkpoint(str(untrained)).revision
    alone = settings_of(tmp_path / "arc", out, untrained).engine
    pair = settings_of(tmp_path / "arc", out, untrained, "--think-model", "nano").engine
    nano = find_checkpoint("nano").revision
    assert alone.identity == f"{revision}/float32/af3"
    assert pair.identity == f"{revision}+{nano}/float32/af3"
    assert pair.checkpoint.name == f"{untrained.name}+nano"
    long = 200 * 16_000
    assert pair.weights_for(thinking=True, longest_samples=0) == "think"
    assert pair.weights_for(thinking=False, longest_samples=long) == "base"
    assert alone.weights_for(thinking=True, longest_samples=long) == "base"


def test_an_adapter_hears_long_sounds_too(untrained: Path, tmp_path: Path) -> None:
    folder = _with_adapter(untrained, tmp_path)
    (tmp_path / "arc").mkdir()
    engine = settings_of(tmp_path / "arc", tmp_path / "out", folder).engine
    assert engine.weights_for(thinking=False, longest_samples=200 * 16_000) == "think"
    assert engine.weights_for(thinking=False, longest_samples=100 * 16_000) == "base"
    with pytest.raises(ConfigurationError, match="--think-model nano: af3 has think weights of it"):
        settings_of(tmp_path / "arc", tmp_path / "out", folder, "--think-model", "nano")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--think-model", "nano", "--engine", "transformers"), "is of --engine af3, not of tran"),
        (("--think-model", "no/such model"), "--think-model no/such model: neither nano, nor a fo"),
        (("--think-model-revision", "abc"), "pins --think-model, which is not given"),
        (
            ("--think-model", "nano", "--think-model-revision", "abc"),
            "--think-model-revision abc: only a hub id has revisions",
        ),
    ],
)
def test_what_is_no_pair(
    untrained: Path, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    (tmp_path / "arc").mkdir()
    with pytest.raises(ConfigurationError, match=message):
        settings_of(tmp_path / "arc", tmp_path / "out", untrained, *options)


def _with_adapter(untrained: Path, tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(untrained, tmp_path / "af3"))
    write_think(folder / "think", untrained)
    return folder
