"""An index in a bucket: what changed goes there and comes from there, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from af3core.storage.address import open_store
from beam_jobs.cli import main
from beam_jobs.search import index_builder
from beam_jobs.search.index_files import index_folder
from beam_jobs.search.index_state import IndexState, read_state
from beam_jobs.search.search_engine import SearchEngine
from beam_jobs.search.search_request import SearchRequest
from tests.beam_jobs.rivals import claims_taken_over, meanwhile
from tests.beam_jobs.search.said import FIRST, SECOND, publish
from tests.faulty_network import Network, between
from tests.storage_server import BUCKET, bucket, found_at, server_address

pytestmark = pytest.mark.storage_server

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
    return [hit.segment_id for hit in SearchEngine(OUT).search(STORM).hits]


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

    monkeypatch.setattr("beam_jobs.search.index_reader.read_state", late_once)
    assert sorted(found()) == ["aa-0", "bb-0"]
    assert reads == []


def test_a_reader_that_may_not_write_can_search(network: Network) -> None:
    index()
    network.faults = lambda request: None if request.method == "GET" else "refused"
    assert found() == ["aa-0"]


def test_a_run_that_was_overtaken_takes_nothing_out_of_the_index(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its claim was lost while it sent its files; another run indexed a day meanwhile."""
    index()
    publish(OUT, FIRST, {"aa": ["A storm.", "Rain."], "cc": ["Storm again."]})

    def other() -> None:
        publish(OUT, SECOND, {"bb": ["Storm and sun."]})
        index()

    calls = meanwhile(monkeypatch, index_builder, "publish_files", other)
    with claims_taken_over():
        last = index()
    assert calls == [2]  # the first run finds nothing left to do
    assert sorted(found()) == ["aa-0", "bb-0", "cc-0"]
    [keys] = open_store(OUT).walk(["indexes/search/"])
    held = {key.split("/", 3)[3] for key in keys}
    assert held == set(last.files) | set(last.retired)


def test_a_copys_file_stays_an_hour_after_it_was_needed_by_the_file_systems_time(
    network: Network, tmp_path: Path
) -> None:
    first, store = index(), open_store(OUT)
    folder = index_folder(store, first)
    for path in folder.rglob("*"):
        os.utime(path, (0, 0))  # fetched long ago, and read until now
    publish(OUT, SECOND, {"bb": ["Storm."]})
    second = index()
    gone = set(first.files) - set(second.files)
    assert gone
    assert index_folder(store, second) == folder
    assert {name for name in gone if (folder / name).is_file()} == gone
    for mark in (folder.parent / ".left").iterdir():
        os.utime(mark, (mark.stat().st_atime, mark.stat().st_mtime - 3_601))
    index_folder(store, second)
    assert {name for name in gone if (folder / name).is_file()} == set()
    assert all((folder / name).is_file() for name in second.files)
    assert list((folder.parent / ".left").iterdir()) == []
