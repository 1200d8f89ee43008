"""Copies of objects on this machine: one per state, within a bound, gone at the end."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from af3core.storage.address import open_store
from af3core.storage.store import Store
from beam_jobs.browse import object_copies
from beam_jobs.browse.object_copies import ObjectCopies


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(str(tmp_path / "store"))
    for name in "abc":
        store.write(name, name.encode() * 1000)
    return store


def held(copies: ObjectCopies) -> list[str]:
    return sorted(path.name for path in copies.folder.rglob("*") if path.is_file())


def test_one_state_is_fetched_once(store: Store) -> None:
    copies = ObjectCopies()
    first = copies.fetched(store, {"a": "1", "b": "1"})
    assert (copies.folder / first["a"]).read_bytes() == b"a" * 1000
    store.write("a", b"another")
    assert copies.fetched(store, {"a": "1"}) == {"a": first["a"]}
    assert (copies.folder / first["a"]).read_bytes() == b"a" * 1000
    later = copies.fetched(store, {"a": "2"})
    assert (copies.folder / later["a"]).read_bytes() == b"another"
    assert held(copies) == ["a", "a", "b"]
    copies.close()
    assert not copies.folder.exists()


def test_what_is_gone_is_left_out_and_leaves_nothing(store: Store) -> None:
    copies = ObjectCopies()
    assert list(copies.fetched(store, {"a": "1", "gone": "1"})) == ["a"]
    assert held(copies) == ["a"]
    copies.close()


def test_many_at_once_share_one_copy(store: Store) -> None:
    copies = ObjectCopies()
    wanted = {name: "1" for name in "abc"}
    threads = [threading.Thread(target=copies.fetched, args=(store, wanted)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held(copies) == ["a", "b", "c"]
    copies.close()


def test_the_least_recently_used_make_room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = ObjectCopies(most_bytes=2000)
    for name in "abac":
        copies.fetched(store, {name: "1"})
    assert held(copies) == ["a", "b", "c"]  # all may be read right now
    monkeypatch.setattr(object_copies, "_IN_USE_S", 0.0)
    copies.fetched(store, {"c": "1"})
    assert held(copies) == ["a", "c"]
    assert copies.fetched(store, {"b": "1"})
    assert held(copies) == ["b", "c"]
    copies.close()
