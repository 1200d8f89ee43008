"""A checkpoint in a bucket, over a server that speaks the storage protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from af3core.model.weights import bucket_checkpoint
from af3core.model.weights.checkpoint import find_checkpoint
from tests.storage_server import bucket_with

pytestmark = pytest.mark.storage_server


def test_a_checkpoint_comes_out_of_a_bucket_once(
    untrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_checkpoint, "CACHE", tmp_path)
    with bucket_with(untrained, untrained.iterdir(), "models/odd one") as address:
        named = find_checkpoint(address, with_weights=False)
        names = {path.name for path in named.folder.iterdir()}
        assert names == {"config.json", "processor_config.json"}
        found = find_checkpoint(address)
        assert (found.name, found.revision) == (address, named.revision)
        weights = found.folder / "model.safetensors"
        assert weights.read_bytes() == (untrained / "model.safetensors").read_bytes()
        fetched_at = weights.stat().st_mtime_ns
        assert find_checkpoint(address) == found
        assert weights.stat().st_mtime_ns == fetched_at
        with pytest.raises(ConfigurationError, match=r"models/none: there is no config\.json"):
            find_checkpoint(address.replace("odd one", "none"))
        with pytest.raises(ConfigurationError, match="only a hub id has revisions"):
            find_checkpoint(address, "abc")
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {found.folder.name, named.folder.name}
