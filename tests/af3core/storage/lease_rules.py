"""What holds of a claim in any store: the tests of folders and of buckets ask it."""

from __future__ import annotations

import threading

from af3core.storage.store import Store


def assert_held_beyond_its_lease(store: Store, key: str, lease_s: float, taken_in_s: float) -> None:
    """A claim that is renewed stays held, and is had once it is given back."""
    taken = threading.Event()

    def wait() -> None:
        with store.claim(key):
            taken.set()

    with store.claim(key):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not taken.wait(3 * lease_s)
    assert taken.wait(taken_in_s)
    waiting.join()


def assert_tried_without_waiting(store: Store, key: str) -> None:
    """Whoever tries a claim that is held is told so at once."""
    with store.try_claim(key) as is_held:
        assert is_held
        with store.try_claim(key) as is_held_twice:
            assert not is_held_twice
        assert store.exists([key]) == [True]
        assert store.read(key) is not None
    assert store.exists([key]) == [False]
    assert store.read(key) is None
