"""A recording withdrawn from a bucket: all of it, and what the bucket keeps of it is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from af3core.storage.bucket import BucketStore
from beam_jobs.cli import main
from tests.beam_jobs.withdrawal.conftest import NAME
from tests.beam_jobs.withdrawal.remnants import remnants_of
from tests.storage_server import BUCKET, bucket, upload

pytestmark = pytest.mark.storage_server


def test_nothing_is_left_in_a_bucket(made: Path, tmp_path: Path) -> None:
    remnants, store = remnants_of(made, NAME), BucketStore(BUCKET, "out/")
    with bucket():
        upload(made, made.rglob("*"), "out")
        asked = ("--reason", "asked for", "--by", "Ada", "--grace-days", "0")
        assert main(["withdraw", NAME, "--out", store.address(""), *asked]) == 0
        for stored in store.stored(""):
            path = tmp_path / stored.key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(store.read(stored.key) or b"")
    assert remnants.found_in(tmp_path) == {}
    [certificate] = tmp_path.glob("withdrawals/*/certificates/*.json")
    made_of_it = json.loads(certificate.read_text())
    assert made_of_it["removed"]["clips/"] > 0
    assert NAME not in certificate.read_text()
