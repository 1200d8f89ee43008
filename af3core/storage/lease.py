"""A claim: an object that its holder rewrites, and that others may take when it stops.

No clock is compared with another machine's: whoever waits takes a claim over once the object has
stayed the same for `lease_s` of its own time, and at once from a process of its own machine that is
dead. A holder that was stopped finds its claim lost, and leaves it to its follower.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from af3core.errors import StorageError
from af3core.messages import tell
from af3core.storage.holder import Holder, parse_holder, this_process

LEASE_S = 30.0
"""Longer than a few lost heartbeats, shorter than a clip takes to be asked twice."""
_HEARTBEATS = 6
"""In a lease."""
SAY_AFTER_S, SAY_EVERY_S = 5.0, 60.0
"""When a process says that it waits, and how often."""

Room = AbstractContextManager[object]
"""What a claim needs beside it, such as memory; entered anew for each attempt."""
ANY_ROOM: Room = nullcontext()


class LeaseStore(Protocol):
    """What a lease needs of its store."""

    def read(self, key: str) -> bytes | None: ...
    def replace(self, key: str, data: bytes, expected: str | None) -> str | None: ...
    def stamps(self, keys: Sequence[str]) -> list[str | None]: ...
    def release(self, key: str, expected: str | None) -> bool: ...


@contextmanager
def hold_lease(
    store: LeaseStore, key: str, lease_s: float, look_s: float = 1.0, room: Room = ANY_ROOM
) -> Iterator[None]:
    """Hold the claim while the body runs; waits for whoever holds it now, and says so on stderr.

    Args:
        lease_s: how long a claim outlives its holder.
        look_s: between two looks at a claim that another one holds, at most.
        room: entered for each look, and held with the claim: nobody holds a claim for want of
            room, nor room while another one holds the claim.
    """
    attempt, look_s = _Attempt(store, key, lease_s), min(look_s, lease_s / _HEARTBEATS)
    while True:
        with room:
            if stamp := attempt.take():
                with _kept(store, key, stamp, lease_s):
                    yield
                return
        attempt.say_who_holds()
        time.sleep(random.uniform(0.5, 1.0) * look_s)


@contextmanager
def try_lease(store: LeaseStore, key: str, lease_s: float) -> Iterator[bool]:
    """Hold the claim while the body runs if it is free now; gives whether it is held."""
    stamp = _Attempt(store, key, lease_s).take()
    if stamp is None:
        yield False
        return
    with _kept(store, key, stamp, lease_s):
        yield True


class _Attempt:
    """To take one claim, and what was seen of its holder meanwhile."""

    def __init__(self, store: LeaseStore, key: str, lease_s: float) -> None:
        self._store, self._key, self._lease_s = store, key, lease_s
        self._stamp: str | None = None
        self._holder: Holder | None = None
        self._begun = self._seen_at = time.monotonic()

    def take(self) -> str | None:
        """The claim's stamp, once it was free or abandoned and is held; None where it is not."""
        if self._stamp is None:
            mine = self._store.replace(self._key, this_process().to_bytes(), None)
            if mine:
                return mine
        self._look()
        if self._stamp and self._is_abandoned():
            return self._store.replace(self._key, this_process().to_bytes(), self._stamp)
        return None

    def say_who_holds(self) -> None:
        """In one line, once it lasts, and not for every claim that this process waits for."""
        now = time.monotonic()
        if now - self._begun > SAY_AFTER_S and self._stamp and _is_time_to_say(now):
            held_s = (self._holder.held_s if self._holder else 0) + now - self._seen_at
            holder = self._holder or "another process"
            line = f"waiting for {self._key}, held by {holder} for {held_s:.0f} s"
            tell(line)

    def _look(self) -> None:
        [stamp] = self._store.stamps([self._key])
        if stamp != self._stamp:
            self._stamp, self._seen_at = stamp, time.monotonic()
            self._holder = parse_holder(self._store.read(self._key)) if stamp else None

    def _is_abandoned(self) -> bool:
        is_dead = self._holder is not None and self._holder.is_dead()
        return is_dead or time.monotonic() - self._seen_at > self._lease_s


_saying = threading.Lock()
_said_at = [-SAY_EVERY_S]


def _is_time_to_say(now: float) -> bool:
    with _saying:
        if now - _said_at[0] < SAY_EVERY_S:
            return False
        _said_at[0] = now
        return True


@contextmanager
def _kept(store: LeaseStore, key: str, stamp: str, lease_s: float) -> Iterator[None]:
    heartbeat = _Heartbeat(store, key, stamp, lease_s / _HEARTBEATS)
    heartbeat.start()
    try:
        yield
    finally:
        heartbeat.end()


class _Heartbeat(threading.Thread):
    """Rewrites the claim while it is held; stops where another one has taken it over."""

    def __init__(self, store: LeaseStore, key: str, stamp: str, every_s: float) -> None:
        super().__init__(name="claim", daemon=True)
        self._store, self._key, self._stamp, self._every_s = store, key, stamp, every_s
        self._begun = time.monotonic()
        self._done = threading.Event()
        self._lost = False

    def run(self) -> None:
        while not self._done.wait(self._every_s):
            holder = this_process(time.monotonic() - self._begun)
            try:
                stamp = self._store.replace(self._key, holder.to_bytes(), self._stamp)
            except StorageError:
                continue
            if stamp is None:
                self._lost = True
                return
            self._stamp = stamp

    def end(self) -> None:
        """Give the claim back, unless it is another's; what cannot be given back runs out."""
        self._done.set()
        self.join()
        if not self._lost:
            with contextlib.suppress(StorageError):
                self._store.release(self._key, self._stamp)
