"""What a store does, in a folder and in a bucket of a real storage server alike."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from af3core.errors import ConfigurationError, StorageError
from af3core.storage.address import open_store, split_object, store_at
from af3core.storage.store import Store, retry_on_conflict, update

ODD = "tables/captions/corpus=a b/date=2026-11-21/ü#?%20+.parquet"
LARGE = os.urandom(20 << 20)
"""More than two chunks of an upload."""


@pytest.mark.parametrize("data", [b"", b"\x00\xff", LARGE], ids=["empty", "bytes", "large"])
def test_what_is_written_is_read(store: Store, data: bytes) -> None:
    assert store.read(ODD) is None
    store.write(ODD, b"before")
    store.write(ODD, data)
    assert store.read(ODD) == data
    assert store.read_many([ODD, "none", ODD]) == [data, None, data]


def test_the_first_of_two_creators_wins(store: Store) -> None:
    assert store.create("k", b"first")
    assert not store.create("k", b"second")
    assert store.read("k") == b"first"


def test_a_stale_replacement_is_refused(store: Store) -> None:
    store.write("k", b"old")
    [stale] = store.stamps(["k"])
    fresh = store.replace("k", b"new", stale)
    assert fresh
    assert fresh != stale
    assert store.replace("k", b"stale", stale) is None
    assert store.replace("k", b"created anew", None) is None
    assert store.read("k") == b"new"
    assert store.stamps(["k", "none"]) == [fresh, None]


def test_a_large_object_is_refused_too(store: Store) -> None:
    assert store.create("k", LARGE)
    assert not store.create("k", LARGE[1:])
    assert store.read("k") == LARGE


def test_an_equal_write_makes_another_stamp(store: Store) -> None:
    store.write("k", b"same")
    before = store.stamps(["k"])
    store.write("k", b"same")
    assert store.stamps(["k"]) != before


def test_one_of_sixteen_creators_wins(store: Store) -> None:
    won: list[int] = []
    gate = threading.Barrier(16)

    def create(number: int) -> None:
        gate.wait()
        if store.create("k", str(number).encode() * 1000):
            won.append(number)

    threads = [threading.Thread(target=create, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert store.read("k") == str(won[0]).encode() * 1000


def test_no_update_of_many_is_lost(store: Store) -> None:
    def add_one(held: bytes | None) -> bytes:
        return str(int(held or b"0") + 1).encode()

    threads = [threading.Thread(target=update, args=(store, "k", add_one)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.read("k") == b"8"


def test_an_update_that_changes_nothing_writes_nothing(store: Store) -> None:
    store.write("k", b"held")
    before = store.stamps(["k"])
    update(store, "k", lambda held: None)
    assert store.stamps(["k"]) == before


def test_endless_contention_ends_with_the_name_of_the_object(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("af3core.storage.store.CONTENDED_S", 0.2)
    with pytest.raises(StorageError, match=r"gs://b/k: changed by others all the time"):
        retry_on_conflict("gs://b/k", lambda: None)


def test_who_was_stopped_past_the_time_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("af3core.storage.store.CONTENDED_S", 0.0)
    attempts: list[str | None] = [None, None, None, None, "done"]
    assert retry_on_conflict("gs://b/k", lambda: attempts.pop(0)) == "done"
    attempts = [None, None, None, None, None, "too late"]
    with pytest.raises(StorageError, match=r"gs://b/k: changed by others all the time"):
        retry_on_conflict("gs://b/k", lambda: attempts.pop(0))


def test_listing_is_by_level_and_walking_by_depth(store: Store) -> None:
    for key in ("a/2.json", "a/1.json", "a/b/3.json", "a/b/c/4.json", "ab/5.json"):
        store.write(key, b"x")
    assert store.children("a/") == ["a/1.json", "a/2.json"]
    assert store.children("none/") == []
    assert list(store.walk(["a/b/", "none/", "a/"])) == [
        ["a/b/3.json", "a/b/c/4.json"],
        [],
        ["a/1.json", "a/2.json", "a/b/3.json", "a/b/c/4.json"],
    ]


def test_a_listing_has_all_pages(store: Store) -> None:
    keys = [f"many/{n:05d}" for n in range(2_100)]
    for key in keys:
        store.write(key, b"")
    assert store.children("many/") == keys


def test_exists_and_delete(store: Store) -> None:
    store.write("k", b"x")
    assert store.exists(["k", "none"]) == [True, False]
    store.delete("k")
    store.delete("k")
    assert store.exists(["k"]) == [False]


def test_a_seekable_file_gives_any_part(store: Store) -> None:
    store.write("k", LARGE)
    with store.open("k") as file:
        assert file.seek(-5, os.SEEK_END) == len(LARGE) - 5
        assert file.read() == LARGE[-5:]
        file.seek(3 << 20)
        assert file.read(7) == LARGE[3 << 20 : (3 << 20) + 7]
    with pytest.raises(FileNotFoundError):
        store.open("none")


def test_a_local_file_is_one_of_the_operating_systems(store: Store) -> None:
    store.write("k", LARGE)
    with store.local_file("k") as file:
        assert os.pread(file.fileno(), 4, 10) == LARGE[10:14]
        assert os.fstat(file.fileno()).st_size == len(LARGE)
    with pytest.raises(FileNotFoundError), store.local_file("none"):
        pass


def test_an_address_says_where_an_object_is(store: Store) -> None:
    again, key = split_object(store.address(ODD))
    store.write(ODD, b"found")
    assert again.read(key) == b"found"


@pytest.mark.parametrize("address", ["s3://bucket/out", "gs://", "http://host/x"])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"give a folder, or gs://BUCKET/PREFIX"):
        open_store(address)


def test_reading_makes_no_folder(tmp_path: Path) -> None:
    store = store_at(str(tmp_path / "none"))
    assert list(store.walk(["tables/"])) == [[]]
    assert store.read("k") is None
    assert list(tmp_path.iterdir()) == []


def test_one_state_is_read_and_no_other(store: Store) -> None:
    store.write("k", b"old")
    [old] = store.stamps(["k"])
    assert old
    with store.open("k", old) as file:
        assert file.read() == b"old"
    with store.local_file("k", old) as file:
        assert file.read() == b"old"
    store.write("k", b"newer")
    for read in (store.open, store.local_file):
        with pytest.raises(FileNotFoundError), read("k", old) as file:
            file.read()


def test_a_state_outlives_its_object_as_a_copy(store: Store) -> None:
    store.write("k", b"old")
    [old] = store.stamps(["k"])
    assert old
    assert store.copy_state("k", old, "kept/k/1")
    assert store.copy_state("k", old, "kept/k/1"), "once more is no harm"
    store.replace("k", b"new", old)
    assert not store.copy_state("k", old, "kept/k/2")
    assert not store.copy_state("none", old, "kept/none")
    assert store.read("kept/k/1") == b"old"
    assert store.read("k") == b"new"
    assert list(store.walk(["kept/"])) == [["kept/k/1"]]


def test_the_age_of_objects_is_told_by_the_storage(store: Store) -> None:
    store.write("kept/a", b"old")
    assert store.ages_s("none/") == {}
    time.sleep(1.1)
    store.write("kept/b", b"new")
    ages_s = store.ages_s("kept/")
    assert sorted(ages_s) == ["kept/a", "kept/b"]
    assert 1.0 < ages_s["kept/a"] - ages_s["kept/b"] < 10.0
    assert ages_s["kept/b"] < 5.0


def test_objects_as_they_are_listed_are_released_in_that_state_alone(store: Store) -> None:
    before_s = store.now_s()
    store.write("kept/a", b"12")
    store.write("kept/b/c", b"345")
    found = {each.key: each for each in store.stored("kept/")}
    assert {key: each.size_bytes for key, each in found.items()} == {"kept/a": 2, "kept/b/c": 3}
    assert [found[key].stamp for key in ("kept/a", "kept/b/c")] == store.stamps(
        ["kept/a", "kept/b/c"]
    )
    assert all(before_s - 1 < each.changed_s < store.now_s() + 1 for each in found.values())
    assert list(store.stored("none/")) == []
    assert store.release("kept/a", found["kept/a"].stamp)
    assert not store.release("kept/a", found["kept/a"].stamp)
    assert store.exists(["kept/a", "kept/b/c"]) == [False, True]
