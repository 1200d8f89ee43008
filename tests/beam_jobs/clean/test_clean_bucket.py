"""A clean of a bucket: its requests, and what it does where the bucket refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from af3core.errors import AccessDenied
from af3core.storage.bucket import BucketStore
from tests.beam_jobs.clean.cleaned import add_orphans, check_whole, cleaned, keys_below
from tests.faulty_network import Network, between
from tests.storage_server import BUCKET, bucket, found_at, server_address, upload

pytestmark = pytest.mark.storage_server
OUT = f"gs://{BUCKET}/out"


@pytest.fixture
def network(made: Path) -> Iterator[Network]:
    with bucket(), between(server_address()) as network:
        upload(made / "out", (made / "out").rglob("*"), "out")
        with found_at(network.address):
            yield network


def test_a_bucket_is_cleaned_with_few_requests(network: Network) -> None:
    store = BucketStore(BUCKET, "out/")
    network.requests.clear()
    assert cleaned(store).facts["removed"] == {"cut": 2, "clip": 2}
    few = [r for r in network.requests if r.method != "DELETE"]
    check_whole(store, OUT)

    add_orphans(store, 150)
    network.requests.clear()
    assert cleaned(store).facts["removed"] == {"cut": 150, "clip": 150}
    more = [r for r in network.requests if r.method != "DELETE"]
    # objects are listed and removed, and none is asked about
    assert len(few) <= len(more) <= len(few) + 5 <= 120
    deleted = [r.name for r in network.requests if r.method == "DELETE"]
    assert sum(name.startswith("out/clips/") for name in deleted) == 150
    check_whole(store, OUT)


def test_a_bucket_that_refuses_to_delete_keeps_all(network: Network) -> None:
    store = BucketStore(BUCKET, "out/")
    before = keys_below(store, "")
    network.faults = lambda request: "refused" if request.method == "DELETE" else None
    with pytest.raises(AccessDenied, match=r"ledger/segment/.*storage.objectUser"):
        cleaned(store)
    network.faults = lambda request: None
    assert set(before) <= set(keys_below(store, ""))
    check_whole(store, OUT)


def test_a_listing_that_is_refused_removes_nothing(network: Network) -> None:
    store = BucketStore(BUCKET, "out/")
    before = keys_below(store, "")
    network.faults = lambda request: "refused" if "published" in request.path else None
    with pytest.raises(AccessDenied):
        cleaned(store)
    network.faults = lambda request: None
    assert set(before) <= set(keys_below(store, ""))
