"""The protocol of publishing, on a folder and on a bucket of a real server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from af3core.errors import StorageError
from af3core.storage.address import open_store
from af3core.storage.bucket import BucketStore
from af3core.storage.store import Store
from beam_jobs.framework.publishing import Assembled, Publisher, Stamps, publish_objects
from tests.beam_jobs.rivals import STORES, claims_taken_over, out_in
from tests.storage_server import BUCKET, bucket

DAY = "corpus=c/date=2026-11-21"
A = f"tables/recordings/{DAY}/part-00000-of-00001.parquet"
B = f"tables/captions/{DAY}/part-00000-of-00001.parquet"
KEYS = (A, B)
ME = Publisher("night", "run")
CLAIM = "claims/publish/c"
STOPPED = f"""
import json, os, signal
from af3core.storage.bucket import BucketStore
from beam_jobs.framework.publishing import Assembled, Publisher, publish_objects

store = BucketStore({BUCKET!r}, "", lease_s=1.0)
attempts = []

def assemble(stamps):
    held = json.loads(store.read({A!r}) or b"[]")
    attempts.append(held)
    if len(attempts) == 1:
        os.kill(os.getpid(), signal.SIGSTOP)
    return Assembled({{{A!r}: json.dumps([*held, "stopped"]).encode()}}, None)

publish_objects(store, {CLAIM!r}, Publisher("night", "stopped"), lambda: [{A!r}], assemble)
print(json.dumps(attempts))
"""
"""A publisher that stops itself after it has read, with its heartbeats."""


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with out_in(request.param, tmp_path) as address:
        yield open_store(address)


def append(store: Store, name: str) -> None:
    """Publish what is held with one name more, in both objects."""

    def assemble(_: Stamps) -> Assembled[None]:
        held = [json.loads(data or b"[]") for data in store.read_many(KEYS)]
        named = [json.dumps([*names, name]).encode() for names in held]
        return Assembled(dict(zip(KEYS, named, strict=True)), None)

    publish_objects(store, CLAIM, ME, lambda: KEYS, assemble)


def held(store: Store) -> list[list[str]]:
    return [json.loads(data or b"[]") for data in store.read_many(KEYS)]


def test_the_result_is_that_of_the_attempt_that_was_published(store: Store) -> None:
    attempts: list[dict[str, str | None]] = []

    def assemble(stamps: Stamps) -> Assembled[int]:
        attempts.append(dict(stamps))
        if len(attempts) == 1:
            with claims_taken_over():
                append(store, "other")
        names = [*held(store)[0], "mine"]
        return Assembled({A: json.dumps(names).encode()}, len(attempts))

    assert publish_objects(store, CLAIM, ME, lambda: KEYS, assemble) == 2
    assert held(store) == [["other", "mine"], ["other"]]
    assert attempts[0] == {A: None, B: None}
    assert None not in attempts[1].values()


def test_what_was_replaced_before_the_refused_object_is_replaced_once_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(store, "first")
    attempts: list[list[list[str]]] = []
    real = type(store).replace

    def replace(self: Store, key: str, data: bytes, expected: str | None) -> str | None:
        if key == B and len(attempts) == 1:
            store.write(B, b'["first", "other"]')
        return real(self, key, data, expected)  # type: ignore[arg-type]

    def assemble(_: Stamps) -> Assembled[None]:
        attempts.append(held(store))
        named = [json.dumps([*names, "mine"]).encode() for names in attempts[-1]]
        return Assembled(dict(zip(KEYS, named, strict=True)), None)

    monkeypatch.setattr(type(store), "replace", replace)
    publish_objects(store, CLAIM, ME, lambda: KEYS, assemble)
    # the first attempt has replaced one object; its writer decides anew from both
    assert attempts == [
        [["first"], ["first"]],
        [["first", "mine"], ["first", "other"]],
    ]
    assert held(store) == [["first", "mine", "mine"], ["first", "other", "mine"]]


def test_an_object_that_changed_before_anything_was_replaced_leaves_all_as_it_is(
    store: Store,
) -> None:
    append(store, "first")
    attempts: list[list[list[str]]] = []

    def assemble(_: Stamps) -> Assembled[None]:
        attempts.append(held(store))
        if len(attempts) == 1:
            store.write(B, b'["first", "other"]')
        named = [json.dumps([*names, "mine"]).encode() for names in attempts[-1]]
        return Assembled(dict(zip(KEYS, named, strict=True)), None)

    publish_objects(store, CLAIM, ME, lambda: KEYS, assemble)
    assert attempts == [[["first"], ["first"]], [["first"], ["first", "other"]]]
    assert held(store) == [["first", "mine"], ["first", "other", "mine"]]


def test_an_error_while_assembling_leaves_all_as_it_is(store: Store) -> None:
    append(store, "first")
    before = store.stamps(KEYS)

    def assemble(_: Stamps) -> Assembled[None]:
        raise ValueError("a row does not fit")

    with pytest.raises(ValueError, match="a row does not fit"):
        publish_objects(store, CLAIM, ME, lambda: KEYS, assemble)
    assert store.stamps(KEYS) == before
    append(store, "second")
    assert held(store) == [["first", "second"]] * 2


def test_the_keys_are_listed_in_each_attempt(store: Store) -> None:
    listings = [[A], [A, B]]
    seen: list[list[str]] = []

    def assemble(stamps: Stamps) -> Assembled[None]:
        seen.append(sorted(stamps))
        if len(seen) == 1:
            store.write(A, b"other")
        return Assembled(dict.fromkeys(stamps, b"mine"), None)

    publish_objects(store, CLAIM, ME, lambda: listings.pop(0), assemble)
    assert seen == [[A], [B, A]]
    assert store.read_many(KEYS) == [b"mine", b"mine"]


def test_publishers_at_once_take_turns_and_lose_nothing(store: Store) -> None:
    names = [f"run-{number}" for number in range(4)]
    threads = [threading.Thread(target=append, args=(store, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [sorted(found) for found in held(store)] == [names, names]


def test_who_is_always_second_gives_up_after_five_attempts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("af3core.storage.store.CONTENDED_S", 0.0)
    attempts: list[int] = []

    def assemble(_: Stamps) -> Assembled[None]:
        attempts.append(len(attempts))
        store.write(A, b"other %d" % len(attempts))
        return Assembled({A: b"mine"}, None)

    with pytest.raises(StorageError, match=r"objects of .*claims/publish/c: changed by others"):
        publish_objects(store, CLAIM, ME, lambda: KEYS, assemble)
    assert attempts == [0, 1, 2, 3, 4]
    assert store.read(A) == b"other 5"
    assert next(store.walk(["claims/publish/"])) == []


@pytest.mark.storage_server
def test_a_process_that_was_stopped_for_longer_than_its_lease_publishes_behind_the_other() -> None:
    with bucket():
        store = BucketStore(BUCKET, "", lease_s=1.0)
        stopped = subprocess.Popen([sys.executable, "-c", STOPPED], stdout=subprocess.PIPE)
        try:
            wait_until_stopped(stopped.pid)
            append(store, "other")
            assert held(store) == [["other"], ["other"]]
            os.kill(stopped.pid, signal.SIGCONT)
            told, _ = stopped.communicate(timeout=60)
        finally:
            stopped.kill()
            stopped.wait()
        assert json.loads(told) == [[], ["other"]]
        assert held(store) == [["other", "stopped"], ["other"]]


def wait_until_stopped(pid: int) -> None:
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < deadline, "the publisher never came to its assembling"
        time.sleep(0.05)
