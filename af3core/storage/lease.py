"""A claim in a bucket: an object that its holder rewrites, and that others may take when it stops.

No clock is compared with another machine's: whoever waits takes a claim over once the object has
stayed the same for `lease_s` of its own time.
"""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from af3core.errors import StorageError

LEASE_S = 30.0
"""Longer than a few lost heartbeats, shorter than a clip takes to be asked twice."""
_HEARTBEATS = 6
"""In a lease."""


class Leased(Protocol):
    """What a lease needs of its store."""

    def replace(self, key: str, data: bytes, expected: str | None) -> str | None: ...
    def stamps(self, keys: Sequence[str]) -> list[str | None]: ...
    def release(self, key: str, expected: str | None) -> None: ...


@contextmanager
def held(store: Leased, key: str, lease_s: float) -> Iterator[None]:
    """Hold the claim while the body runs; waits for whoever holds it now."""
    heartbeat = _Heartbeat(store, key, _taken(store, key, lease_s), lease_s / _HEARTBEATS)
    heartbeat.start()
    try:
        yield
    finally:
        heartbeat.end()


def _taken(store: Leased, key: str, lease_s: float) -> str:
    """Wait until the claim is free or abandoned, and take it; gives its stamp."""
    seen, since = None, time.monotonic()
    while True:
        mine = store.replace(key, _holder(), None)
        if mine:
            return mine
        [stamp] = store.stamps([key])
        if stamp != seen:
            seen, since = stamp, time.monotonic()
        elif stamp and time.monotonic() - since > lease_s:
            mine = store.replace(key, _holder(), stamp)
            if mine:
                return mine
        time.sleep(random.uniform(0.5, 1.0) * min(1.0, lease_s / _HEARTBEATS))


class _Heartbeat(threading.Thread):
    """Rewrites the claim while it is held; stops where another one has taken it over."""

    def __init__(self, store: Leased, key: str, stamp: str, every_s: float) -> None:
        super().__init__(name="claim", daemon=True)
        self._store, self._key, self._stamp, self._every_s = store, key, stamp, every_s
        self._done = threading.Event()
        self._lost = False

    def run(self) -> None:
        while not self._done.wait(self._every_s):
            try:
                stamp = self._store.replace(self._key, _holder(), self._stamp)
            except StorageError:
                continue
            if stamp is None:
                self._lost = True
                return
            self._stamp = stamp

    def end(self) -> None:
        """Give the claim back, unless it is another's."""
        self._done.set()
        self.join()
        if not self._lost:
            self._store.release(self._key, self._stamp)


def _holder() -> bytes:
    """For people who look at a claim."""
    return f"{socket.gethostname()} process {os.getpid()}\n".encode()
