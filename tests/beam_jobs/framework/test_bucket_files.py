"""DuckDB over a large object of a bucket: its end first, the whole once, verified, in one state."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from io import BytesIO

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from af3core.storage.bucket import BucketStore
from beam_jobs.framework.bucket_files import END_BYTES, read_copies
from beam_jobs.framework.table_snapshot import list_shards
from beam_jobs.framework.views import UnreadableTables, translated_errors
from schemas import layout
from tests.faulty_network import Fault, Network, between, first
from tests.storage_server import BUCKET, bucket, found_at, server_address

pytestmark = pytest.mark.storage_server

KEYS = [f"tables/x/corpus=c/date=2026-11-{day}/part-00000-of-00001.parquet" for day in (20, 21)]
ADDRESSES = [f"gs://{BUCKET}/{key}" for key in KEYS]
NUMBERS = np.random.default_rng(1).integers(0, 1 << 40, 200_000)
SUM = f"SELECT sum(x) FROM read_parquet({ADDRESSES}, hive_partitioning=true, union_by_name=true)"
OF_A_DAY = f"{SUM} WHERE date = '2026-11-20'"
SUM_OF_A_DAY = int(NUMBERS.sum())


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """Two days of large objects behind it; waits between tries are short."""
    monkeypatch.setattr("af3core.storage.bucket_client.RETRY_FIRST_S", 0.05)
    monkeypatch.setattr("af3core.storage.bucket_client.RETRY_FOR_S", 2.0)
    pq.write_table(pa.table({"x": NUMBERS}), buffer := BytesIO(), compression="none")
    assert len(buffer.getvalue()) > 4 * END_BYTES
    with bucket(), between(server_address()) as network, found_at(network.address):
        for key in KEYS:
            BucketStore(BUCKET, "").write(key, buffer.getvalue())
        yield network


def looked_at() -> duckdb.DuckDBPyConnection:
    """A database whose files have been looked at."""
    connection = duckdb.connect()
    read_copies(connection, list_shards(BucketStore(BUCKET, ""), ["tables/x/"]))
    return connection


def asked(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    with translated_errors("gs://out"):
        [(found,)] = connection.sql(sql).fetchall()
    return int(found)


def test_a_day_that_is_left_out_is_not_fetched(network: Network) -> None:
    connection = looked_at()
    assert [network.downloads(key) for key in KEYS] == [1, 1]
    assert asked(connection, OF_A_DAY) == SUM_OF_A_DAY
    assert asked(connection, OF_A_DAY) == SUM_OF_A_DAY
    assert [network.downloads(key) for key in KEYS] == [2, 1]
    assert asked(connection, SUM) == 2 * SUM_OF_A_DAY
    assert [network.downloads(key) for key in KEYS] == [2, 2]


@pytest.mark.parametrize("kind", ["cut answer", "503"])
def test_every_second_download_is_broken_and_the_sum_is_right(
    network: Network, kind: Fault
) -> None:
    faults = itertools.cycle([True, False])
    network.faults = lambda r: kind if r.is_download and next(faults) else None
    assert asked(looked_at(), SUM) == 2 * SUM_OF_A_DAY
    assert network.made[kind] == 4


def test_a_whole_that_came_changed_is_fetched_again(network: Network) -> None:
    connection = looked_at()
    network.faults = first(1, "changed byte", lambda request: request.is_download)
    assert asked(connection, OF_A_DAY) == SUM_OF_A_DAY
    assert network.downloads(KEYS[0]) == 3


def test_an_end_that_came_changed_is_noticed(network: Network) -> None:
    """It has no checksum of its own: the whole, which has one, tells."""
    network.faults = first(2, "changed byte", lambda request: request.is_download)
    with pytest.raises(UnreadableTables, match="its end came changed; run it again"):
        asked(looked_at(), OF_A_DAY)


@pytest.mark.parametrize("kind", ["cut answer", "changed byte", "503"])
def test_trouble_in_the_middle_of_a_query_is_one_line(network: Network, kind: Fault) -> None:
    """Of DuckDB's threads, and not of the one that asks."""
    connection = looked_at()
    network.faults = lambda request: kind if request.is_download else None
    shard = f"gs://{BUCKET}/tables/x/corpus=c/date=2026-11-2[01]/part-00000-of-00001.parquet"
    said = f"^{shard}: the storage gave no good answer for"
    with pytest.raises(UnreadableTables, match=said) as caught:
        asked(connection, SUM)
    assert "\n" not in str(caught.value)
    assert not caught.value.permanent


def test_a_refused_download_says_which_right_is_missing(network: Network) -> None:
    connection = looked_at()
    network.faults = lambda request: "refused" if request.is_download else None
    with pytest.raises(UnreadableTables, match=r"access is refused .*roles/storage.objectViewer"):
        asked(connection, SUM)


def test_two_states_of_an_object_are_never_mixed(network: Network) -> None:
    connection = looked_at()
    store = BucketStore(BUCKET, "")
    store.write(KEYS[0], store.read(KEYS[0]) or b"")
    with pytest.raises(UnreadableTables, match="replaced since it was listed; run it"):
        asked(connection, OF_A_DAY)


@pytest.mark.parametrize("is_looked_at", [True, False])
def test_a_state_that_was_replaced_is_read_from_its_copy(
    network: Network, is_looked_at: bool
) -> None:
    store = BucketStore(BUCKET, "")
    listed = list_shards(store, ["tables/x/"])
    stamps = listed.stamps
    connection = looked_at() if is_looked_at else duckdb.connect()
    assert store.copy_state(
        KEYS[0], stamps[KEYS[0]], layout.superseded_key(KEYS[0], stamps[KEYS[0]])
    )
    store.write(KEYS[0], b"new")
    if not is_looked_at:
        read_copies(connection, listed)
    assert asked(connection, OF_A_DAY) == SUM_OF_A_DAY
