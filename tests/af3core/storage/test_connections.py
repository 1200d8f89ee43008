"""Many threads, one bucket: no more connections than are kept, and none is thrown away."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from af3core.storage import bucket_client
from af3core.storage.bucket import BucketStore
from tests.storage_server import BUCKET, bucket, server_address


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
        client = bucket_client.bucket_of(BUCKET).client
        pools = client._http.get_adapter(server_address()).poolmanager.pools
        [pool] = [pools[key] for key in pools.keys()]  # noqa: SIM118 - of urllib3, no mapping
    assert read == [b"data"] * 120
    assert pool.num_connections == 4
    assert caplog.records == []
