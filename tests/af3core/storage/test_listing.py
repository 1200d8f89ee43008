"""Listing an archive in a bucket: everything once, in order, in few requests."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from af3core.storage.bucket import BucketStore
from af3core.storage.concurrency import map_concurrently
from af3core.storage.listing import find_object, holds_anything, list_objects
from tests.faulty_network import Network, between
from tests.storage_server import BUCKET, bucket, found_at, server_address

pytestmark = pytest.mark.storage_server

NAME = st.lists(
    st.sampled_from(["a", "b", "a-b", "a b", "ü", "0", "z.mp3"]), min_size=1, max_size=4
)

TREES = itertools.count()


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with bucket(), between(server_address()) as network, found_at(network.address):
        yield network


def names(prefix: str) -> list[str]:
    return [found.name for found in list_objects(f"gs://{BUCKET}/{prefix}")]


def put(prefix: str, keys: list[str]) -> None:
    store = BucketStore(BUCKET, f"{prefix}/")
    map_concurrently(lambda key: store.write(key, key.encode()), keys)


def test_an_object_is_listed_with_what_a_listing_tells(network: Network) -> None:
    put("one", ["2026/11/21/news.mp3"])
    [found] = list_objects(f"gs://{BUCKET}/one/")
    assert found.uri == f"gs://{BUCKET}/one/2026/11/21/news.mp3"
    assert (found.name, found.size_bytes) == ("2026/11/21/news.mp3", 19)
    assert found.generation == BucketStore(BUCKET, "one/").stamps(["2026/11/21/news.mp3"])[0]
    assert found.updated.tzinfo is not None
    assert find_object(found.uri).generation == found.generation  # type: ignore[union-attr]
    assert find_object(f"gs://{BUCKET}/one/none.mp3") is None


def test_many_folders_are_listed_at_once_and_come_in_order(network: Network) -> None:
    keys = [f"{day:03d}/{number}.mp3" for day in range(100) for number in range(3)]
    put("days", keys)
    before = len(network.requests)
    assert names("days") == keys
    # the archive, its first level, and each folder
    assert len(network.requests) - before == 101


def test_few_folders_of_many_objects_take_a_request_a_page(network: Network) -> None:
    keys = sorted(f"2026/{number:04d}.mp3" for number in range(1_200))
    put("flat", keys)
    before = len(network.requests)
    assert names("flat") == keys
    # two pages, and the levels on the way to them
    assert len(network.requests) - before <= 6


def test_outputs_are_left_out_and_said(network: Network) -> None:
    keys = ["a.mp3", "night/af3-output.txt", "night/clips/c.flac", "z/deep/b.mp3"]
    old = ["z/deep/old/ledger/x.json", "z/deep/old/clips/c.flac", "z/deep/old/tables/t.parquet"]
    no_output = ["ledger/x.mp3", "z/ledger/x.mp3", "z/tables.mp3"]
    put("mixed", [*keys, *old, *no_output])
    met: list[str] = []
    found = [o.name for o in list_objects(f"gs://{BUCKET}/mixed", met)]
    assert found == ["a.mp3", "ledger/x.mp3", "z/deep/b.mp3", "z/ledger/x.mp3", "z/tables.mp3"]
    assert sorted(met) == ["night/", "z/deep/old/"]


def test_outputs_among_many_folders_are_left_out_without_their_clips(network: Network) -> None:
    days = [f"{day:03d}/a.mp3" for day in range(100)]
    clips = [f"out/clips/{number:04d}.flac" for number in range(2_100)]
    deep = ["050/b/old/ledger/x", "050/b/old/tables/y", "050/b/old/clips/z.flac"]
    put("broad", [*days, *clips, *deep, "out/af3-output.txt"])
    met: list[str] = []
    before = len(network.requests)
    assert [found.name for found in list_objects(f"gs://{BUCKET}/broad", met)] == days
    assert sorted(met) == ["050/b/old/", "out/"]
    # the archive, its first level, and each folder: one page of the output tells what it is
    assert len(network.requests) - before == 102


def test_a_prefix_is_a_folder_and_not_a_beginning(network: Network) -> None:
    put("radio", ["a.mp3"])
    put("radio-old", ["b.mp3"])
    assert names("radio") == ["a.mp3"]
    assert names("nothing") == []
    assert holds_anything(f"gs://{BUCKET}/radio")
    assert not holds_anything(f"gs://{BUCKET}/rad")


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(found=st.sets(NAME.map("/".join), max_size=8))
def test_any_tree_is_listed_whole_and_in_order(network: Network, found: set[str]) -> None:
    prefix = f"tree{next(TREES)}"
    put(prefix, sorted(found))
    assert names(prefix) == sorted(found)
