"""Many threads, one bucket: no more connections than are kept, and none is thrown away."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from af3core.errors import AccessDenied
from af3core.storage import bucket_client
from af3core.storage.bucket import BucketStore
from tests.faulty_network import Fault, Network, Request, between
from tests.storage_server import BUCKET, bucket, found_at, server_address


def pool_of(address: str) -> Any:
    """urllib3's pool of connections to a server."""
    client = bucket_client.bucket_of(BUCKET).client
    pools = client._http.get_adapter(address).poolmanager.pools
    [pool] = [pools[key] for key in pools.keys()]  # noqa: SIM118 - of urllib3, no mapping
    return pool


@pytest.mark.storage_server
def test_threads_wait_for_a_connection_that_is_kept(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bucket_client, "CONNECTIONS", 4)
    caplog.set_level(logging.WARNING, "urllib3")
    with bucket():
        store = BucketStore(BUCKET, "out/")
        store.write("a", b"data")
        with ThreadPoolExecutor(24) as threads:
            read = list(threads.map(lambda _: store.read("a"), range(120)))
        pool = pool_of(server_address())
    assert read == [b"data"] * 120
    assert pool.num_connections == 4
    assert caplog.records == []


@pytest.mark.storage_server
def test_a_download_that_is_tried_again_gives_its_connection_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bucket_client, "CONNECTIONS", 8)
    monkeypatch.setattr(bucket_client, "RETRY_FIRST_S", 0.01)

    def fault(_request: Request) -> Fault:
        return "503" if len(network.requests) < 5 else "refused"

    network: Network
    with between("http://127.0.0.1:1") as network, found_at(network.address):
        network.faults = fault
        with pytest.raises(AccessDenied):
            BucketStore(BUCKET, "out/").read("a")
        pool = pool_of(network.address)
    assert len(network.requests) == 5
    assert (pool.pool.qsize(), pool.num_connections) == (8, 1)
