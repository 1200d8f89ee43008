"""A bucket behind a network that fails: nothing is lost, nothing partial is seen, errors say what
to do.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from af3core.errors import AccessDenied, ConfigurationError, StorageError
from af3core.storage.bucket import BucketStore
from af3core.storage.bucket_client import retry
from tests.faulty_network import Fault, Network, Request, between, every, first
from tests.storage_server import BUCKET, bucket, found_at, server_address

pytestmark = pytest.mark.storage_server

LARGE = os.urandom(20 << 20)
QUICK_FIRST_S = 0.05


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """Clients reach the bucket through it; waits between tries are short."""
    monkeypatch.setattr("af3core.storage.bucket_client.RETRY_FIRST_S", QUICK_FIRST_S)
    with bucket(), between(server_address()) as network, found_at(network.address):
        yield network


@pytest.fixture
def store(network: Network) -> BucketStore:
    return BucketStore(BUCKET, "out/")


def is_upload(request: Request) -> bool:
    return request.is_upload


def is_download(request: Request) -> bool:
    return request.is_download


@pytest.mark.parametrize("size", [1000, len(LARGE)])
@pytest.mark.parametrize("kind", ["429", "503", "cut upload", "lost answer", "slow"])
def test_an_upload_arrives_whole(
    network: Network, store: BucketStore, kind: Fault, size: int
) -> None:
    network.faults = first(2, kind, lambda r: r.is_upload and r.size > 0)
    assert store.create("k", LARGE[:size])
    assert network.made[kind] == (1 if kind == "slow" and size == 1000 else 2)
    assert store.read("k") == LARGE[:size]
    [stamp] = store.stamps(["k"])
    network.faults = first(1, kind, lambda r: r.is_upload and r.size > 0)
    assert store.replace("k", LARGE[1:size], stamp)
    assert store.read("k") == LARGE[1:size]


def test_an_upload_that_is_cut_leaves_nothing_and_replaces_nothing(
    network: Network, store: BucketStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("held", b"old")
    monkeypatch.setattr("af3core.storage.bucket_client.RETRY_FOR_S", 0.5)
    network.faults = lambda request: "cut upload" if request.is_upload else None
    for key, data in (("held", LARGE), ("new", LARGE), ("held", b"new"), ("new", b"new")):
        with pytest.raises(StorageError, match=f"gs://{BUCKET}/out/{key}: the storage gave no"):
            store.write(key, data)
    assert store.read("held") == b"old"
    assert store.read("new") is None
    assert list(store.walk([""])) == [["held"]]


@pytest.mark.parametrize("kind", ["429", "503", "cut answer", "slow", "changed byte"])
def test_a_download_is_right(network: Network, store: BucketStore, kind: Fault) -> None:
    store.write("k", LARGE)
    network.faults = first(2, kind, is_download)
    assert store.read("k") == LARGE
    assert network.made[kind] == (1 if kind == "slow" else 2)
    network.faults = first(2, kind, is_download)
    with store.local_file("k") as file:
        assert file.read() == LARGE


def test_a_download_that_goes_on_after_a_cut_is_verified_too(
    network: Network, store: BucketStore
) -> None:
    """The client library verifies only what came in one piece."""
    store.write("k", LARGE)
    faults: list[Fault | None] = ["cut answer", "changed byte", None, "cut answer", None]
    network.faults = lambda request: faults.pop(0) if request.is_download and faults else None
    assert store.read("k") == LARGE
    assert network.downloads("out/k") == 3
    assert store.read("k") == LARGE


def test_a_download_that_is_never_right_is_an_error(
    network: Network, store: BucketStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("af3core.storage.bucket_client.RETRY_FOR_S", 0.5)
    store.write("k", b"data")
    network.faults = lambda request: "changed byte" if request.is_download else None
    with pytest.raises(StorageError, match=f"gs://{BUCKET}/out/k: .*does not fit"):
        store.read("k")
    assert network.downloads("out/k") >= 3


def test_a_connection_that_breaks_in_a_404_is_no_error(
    network: Network, store: BucketStore
) -> None:
    network.faults = first(2, "cut answer", is_download)
    assert store.read("none") is None
    assert network.downloads("out/none") == 3


def test_a_lost_answer_of_a_lost_race_is_a_lost_race(network: Network, store: BucketStore) -> None:
    store.write("k", b"other's")
    network.faults = first(1, "lost answer", is_upload)
    assert not store.create("k", b"mine")
    assert store.read("k") == b"other's"


def test_bursts_of_all_kinds_lose_nothing(network: Network, store: BucketStore) -> None:
    periods: dict[Fault, int] = {
        "cut upload": 7,
        "lost answer": 5,
        "cut answer": 4,
        "changed byte": 3,
        "429": 11,
        "503": 13,
    }
    network.faults = every(periods)
    keys = [f"many/{n:03d}" for n in range(100)]
    assert all(store.create(key, key.encode() * 100) for key in keys)
    assert not any(store.create(key, b"again") for key in keys[:20])
    assert store.read_many(keys) == [key.encode() * 100 for key in keys]
    assert store.children("many/") == keys
    assert set(network.made) == set(periods)


def test_being_cut_off_for_a_while_is_survived(network: Network, store: BucketStore) -> None:
    store.write("k", b"before")
    network.is_up = False
    back = threading.Timer(4.0, lambda: setattr(network, "is_up", True))
    back.start()
    begun = time.monotonic()
    assert store.read("k") == b"before"
    assert time.monotonic() - begun > 3.0


def test_waits_follow_the_providers_rules() -> None:
    policy = retry()
    assert (policy._initial, policy._maximum, policy._multiplier) == (1.0, 32.0, 2.0)
    assert policy._timeout == 300.0


def test_a_refused_write_says_which_right_is_missing(network: Network, store: BucketStore) -> None:
    network.faults = lambda request: None if request.method == "GET" else "refused"
    refused = r"out/k: access is refused .*storage.objectUser"
    with pytest.raises(AccessDenied, match=refused) as caught:
        store.write("k", b"data")
    assert isinstance(caught.value, StorageError)
    assert not caught.value.permanent
    assert network.uploads("out/k") == 1


def test_a_bucket_that_is_not_there_is_named(network: Network) -> None:
    with pytest.raises(ConfigurationError, match=r"gs://none/k: no such bucket"):
        BucketStore("none", "").write("k", b"data")
    with pytest.raises(ConfigurationError, match=r"gs://none/: no such bucket"):
        BucketStore("none", "").children("")
