"""An index in a bucket: what changed goes there and comes from there, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from af3core.storage.address import open_store
from beam_jobs.cli import main
from beam_jobs.search.index_files import index_folder
from beam_jobs.search.index_state import IndexState, read_state
from beam_jobs.search.request import SearchRequest
from beam_jobs.search.searching import SearchIndex
from tests.beam_jobs.search.said import FIRST, SECOND, publish
from tests.faulty_network import Network, between
from tests.storage_server import BUCKET, bucket, found_at, server_address

OUT = f"gs://{BUCKET}/nights/out"
FILES = "nights/out/indexes/search/"
STORM = SearchRequest("storm", mode="words")


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """A bucket with two published days, and an empty cache."""
    monkeypatch.setattr("beam_jobs.search.index_files.CACHE", tmp_path / "cache")
    with bucket(), between(server_address()) as network, found_at(network.address):
        publish(OUT, FIRST, {"aa": ["A storm.", "Rain."]})
        publish(OUT, SECOND, {"bb": ["Sun."]})
        yield network


def index() -> IndexState:
    assert main(["index", "--out", OUT, "--words-only"]) == 0
    state = read_state(open_store(OUT))
    assert state is not None
    return state


def found() -> list[str]:
    return [hit.segment_id for hit in SearchIndex(OUT).search(STORM).hits]


def test_a_copy_is_fetched_once_and_then_only_what_is_new(network: Network) -> None:
    first = index()
    assert found() == ["aa-0"]
    downloads = network.downloads(FILES)
    assert downloads == len(first.files)
    assert found() == ["aa-0"]
    assert network.downloads(FILES) == downloads
    publish(OUT, SECOND, {"bb": ["Storm and sun."]})
    uploads = network.uploads(FILES)
    second = index()
    new = set(second.files) - set(first.files)
    assert network.uploads(FILES) - uploads == len(new) > 0
    assert sorted(found()) == ["aa-0", "bb-0"]
    assert network.downloads(FILES) - downloads == len(new)


def test_the_state_before_stays_for_late_readers_and_is_then_swept(network: Network) -> None:
    first = index()
    publish(OUT, SECOND, {"bb": ["Storm."]})
    second = index()
    gone = set(first.files) - set(second.files)
    assert set(second.retired) == gone
    store = open_store(OUT)
    folder = index_folder(store, first)
    assert all((folder / name).is_file() for name in first.files)
    publish(OUT, SECOND, {"bb": ["Snow."]})
    third = index()
    [keys] = store.walk(["indexes/search/"])
    held = {key.split("/", 3)[3] for key in keys}
    assert held == set(third.files) | set(third.retired)


def test_an_index_that_is_replaced_while_it_is_fetched_is_fetched_again(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = index()
    for words in ("Storm.", "Snow.", "Storm and snow."):
        publish(OUT, SECOND, {"bb": [words]})
        index()
    # as another machine, which has nothing of it yet
    monkeypatch.setattr("beam_jobs.search.index_files.CACHE", tmp_path / "another")
    reads = [stale]
    real = read_state

    def late_once(store: object) -> IndexState | None:
        return reads.pop() if reads else real(store)  # type: ignore[arg-type]

    monkeypatch.setattr("beam_jobs.search.open_index.read_state", late_once)
    assert sorted(found()) == ["aa-0", "bb-0"]
    assert reads == []


def test_a_reader_that_may_not_write_can_search(network: Network) -> None:
    index()
    network.faults = lambda request: None if request.method == "GET" else "refused"
    assert found() == ["aa-0"]
