"""A claim in a bucket: holders take turns; one that is dead or cut off is followed."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from af3core.storage.bucket import BucketStore
from af3core.storage.holder import parse_holder
from tests.af3core.storage.lease_rules import (
    assert_held_beyond_its_lease,
    assert_tried_without_waiting,
)
from tests.faulty_network import Network, between
from tests.storage_server import BUCKET, bucket, found_at, server_address

pytestmark = pytest.mark.storage_server

KEY = "claims/annotate/abc"
LEASE_S = 1.5
HOLD = """
import sys, time
from af3core.storage.bucket import BucketStore

with BucketStore(sys.argv[1], "out/", lease_s=float(sys.argv[2])).claim(sys.argv[3]):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def network() -> Iterator[Network]:
    with bucket(), between(server_address()) as network, found_at(network.address):
        yield network


@pytest.fixture
def store(network: Network) -> BucketStore:
    return BucketStore(BUCKET, "out/", lease_s=LEASE_S)


def test_holders_take_turns(store: BucketStore) -> None:
    inside, most = [0], [0]
    lock = threading.Lock()

    def take_turn() -> None:
        for _ in range(3):
            with store.claim(KEY):
                with lock:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                time.sleep(0.02)
                with lock:
                    inside[0] -= 1

    threads = [threading.Thread(target=take_turn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert store.children("claims/annotate/") == []


def test_a_claim_that_is_held_longer_than_its_lease_stays_held(store: BucketStore) -> None:
    assert_held_beyond_its_lease(store, KEY, LEASE_S, 10)


def test_renewals_are_told_from_what_a_claim_asks_once(network: Network) -> None:
    with BucketStore(BUCKET, "out/", lease_s=0.3).claim(KEY):
        time.sleep(0.4)
    assert len(network.requests) > len(network.asked)
    assert [request.method for request in network.asked] == ["POST", "DELETE"]


@pytest.mark.parametrize("where", ["of this machine", "of another machine"])
def test_the_claim_of_a_killed_process_is_taken_over(
    where: str, store: BucketStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once where its death is certain, else after its lease."""
    command = [sys.executable, "-c", HOLD, BUCKET, str(LEASE_S), KEY]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    held_by = parse_holder(store.read(KEY))
    assert str(held_by) == f"{socket.gethostname()} process {holder.pid}"
    if where == "of another machine":
        monkeypatch.setattr("af3core.storage.holder._machine", lambda: "another/1")
    holder.kill()
    holder.wait()
    begun = time.monotonic()
    with store.claim(KEY):
        took_s = time.monotonic() - begun
    assert took_s < LEASE_S if where == "of this machine" else LEASE_S < took_s < 10 * LEASE_S
    assert store.read(KEY) is None


def test_a_claim_is_tried_without_waiting(store: BucketStore) -> None:
    assert_tried_without_waiting(store, KEY)


def test_a_holder_that_comes_back_leaves_its_follower_alone(
    network: Network, store: BucketStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off, taken over, back again: the claim is the follower's, and stays it."""
    monkeypatch.setattr("af3core.storage.bucket_client.RETRY_FIRST_S", 0.05)
    with store.claim(KEY):
        network.is_up = False
        with found_at(server_address_behind(network)):
            follower = BucketStore(BUCKET, "out/", lease_s=LEASE_S)
            # the follower reaches the server another way
            mine = follower.replace(KEY, b"follower", follower.stamps([KEY])[0])
        network.is_up = True
        time.sleep(LEASE_S)
    assert mine
    assert store.read(KEY) == b"follower"


def test_an_error_in_the_body_gives_the_claim_back(store: BucketStore) -> None:
    with pytest.raises(ValueError, match="of the body"), store.claim(KEY):
        raise ValueError("of the body")
    assert store.read(KEY) is None


def server_address_behind(network: Network) -> str:
    return "http://{}:{}".format(*network.server)
