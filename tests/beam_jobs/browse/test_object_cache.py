"""Copies of objects on this machine: one per state, within a bound, gone at the end."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from af3core.storage.address import open_store
from af3core.storage.store import Store
from beam_jobs.browse.data import object_cache
from beam_jobs.browse.data.object_cache import ObjectCache


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(str(tmp_path / "store"))
    for name in "abc":
        store.write(name, name.encode() * 1000)
    return store


def stamps(store: Store, *names: str) -> dict[str, str]:
    found = store.states([""])
    return {name: found.get(name, "1-1-1") for name in names}


def held(copies: ObjectCache) -> list[str]:
    return sorted(path.name for path in copies.folder.rglob("*") if path.is_file())


def test_one_state_is_fetched_once(store: Store) -> None:
    copies = ObjectCache()
    before = stamps(store, "a", "b")
    first = copies.fetch(store, before)
    assert (copies.folder / first["a"]).read_bytes() == b"a" * 1000
    store.write("a", b"another")
    assert copies.fetch(store, {"a": before["a"]}) == {"a": first["a"]}
    assert (copies.folder / first["a"]).read_bytes() == b"a" * 1000
    later = copies.fetch(store, stamps(store, "a"))
    assert (copies.folder / later["a"]).read_bytes() == b"another"
    assert held(copies) == ["a", "a", "b"]
    copies.close()
    assert not copies.folder.exists()


def test_what_is_gone_is_left_out_and_leaves_nothing(store: Store) -> None:
    copies = ObjectCache()
    assert list(copies.fetch(store, stamps(store, "a", "gone"))) == ["a"]
    assert held(copies) == ["a"]
    copies.close()


def test_many_at_once_share_one_copy(store: Store) -> None:
    copies = ObjectCache()
    wanted = stamps(store, *"abc")
    threads = [threading.Thread(target=copies.fetch, args=(store, wanted)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held(copies) == ["a", "b", "c"]
    copies.close()


def test_the_least_recently_used_make_room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = ObjectCache(most_bytes=2000)
    for name in "abac":
        copies.fetch(store, stamps(store, name))
    assert held(copies) == ["a", "b", "c"]  # all may be read right now
    monkeypatch.setattr(object_cache, "_IN_USE_S", 0.0)
    copies.fetch(store, stamps(store, "c"))
    assert held(copies) == ["a", "c"]
    assert copies.fetch(store, stamps(store, "b"))
    assert held(copies) == ["b", "c"]
    copies.close()
