"""What a store of objects gives, wherever it lies; keys are relative, with forward slashes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, NamedTuple, Protocol, TypeVar

from af3core.errors import StorageError
from af3core.storage.lease import ANY_ROOM, Room

CONTENDED_S = 120.0
"""How long a change is tried anew while others change the same object."""
LEAST_ATTEMPTS = 5
"""However long they take: a process that was stopped finds its time over when it goes on."""


Result = TypeVar("Result")


class ListedObject(NamedTuple):
    """An object as a listing shows it: its state's stamp, and its size."""

    stamp: str
    size_bytes: int


class StoredObject(NamedTuple):
    """An object as a listing by pages shows it.

    `changed_s` is when it came to be, or was last renamed or replaced, by the storage's own clock:
    seconds as `Store.now_s` counts them.
    """

    key: str
    stamp: str
    size_bytes: int
    changed_s: float


class Store(Protocol):
    """A folder or a bucket's prefix.

    An object is read as it was written, whole, old or new and never between. A stamp names one
    state of an object: it is another after each write, and None where there is no object.

    Where the storage is in trouble, each of these raises a StorageError that names the object and
    the remedy (no right to read or write: an AccessDenied), also when an opened file is read.
    """

    def address(self, key: str) -> str:
        """Where a person finds the object."""

    def read(self, key: str) -> bytes | None:
        """The object's bytes, or None where there is none."""

    def read_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """`read` for each key, at once where a read takes a request."""

    def open(self, key: str, stamp: str | None = None) -> BinaryIO:
        """The object as a seekable file; what is read is fetched, not the whole.

        Args:
            stamp: names the one state that is wanted.

        Raises:
            FileNotFoundError: there is none, or another state of it.
        """

    def local_file(self, key: str, stamp: str | None = None) -> AbstractContextManager[BinaryIO]:
        """The whole object as a file of this machine's operating system.

        Args:
            stamp: names the one state that is wanted.

        Raises:
            FileNotFoundError: there is none, or another state of it.
        """

    def stamps(self, keys: Sequence[str]) -> list[str | None]:
        """The states of objects, for `replace`."""

    def write(self, key: str, data: bytes) -> None:
        """Create or replace the object, whatever is there: the last writer wins."""

    def create(self, key: str, data: bytes) -> bool:
        """Write the object if there is none: the first writer wins; False for the others."""

    def replace(self, key: str, data: bytes, expected: str | None) -> str | None:
        """Write the object if its stamp is still the expected one.

        Returns:
            The new stamp, or None where another writer was first.
        """

    def copy_state(self, key: str, stamp: str, copy: str) -> bool:
        """Make the object `copy` of one state of an object, without its bytes passing through here
        where the storage can; False where the object is in another state by now.
        """

    def delete(self, key: str) -> None:
        """Remove the object, if there is one."""

    def release(self, key: str, expected: str | None) -> bool:
        """Remove the object in the state that the stamp names, and in no other; gives whether this
        call did.
        """

    def exists(self, keys: Sequence[str]) -> list[bool]:
        """Whether there are such objects."""

    def children(self, prefix: str) -> list[str]:
        """Keys directly below a prefix that ends in a slash, sorted; unfinished writes left out."""

    def folders(self, prefix: str) -> list[str]:
        """Prefixes directly below one that ends in a slash (or is empty), each with its slash,
        sorted; those of unfinished writes left out.
        """

    def walk(self, prefixes: Sequence[str]) -> Iterator[list[str]]:
        """For each prefix the keys at any depth below it, sorted."""

    def listing(self, prefixes: Sequence[str]) -> dict[str, ListedObject]:
        """By key all that lies below prefixes; a listing, not a request per object."""

    def states(self, prefixes: Sequence[str]) -> dict[str, str]:
        """The same, as stamps by key."""

    def stored(self, prefix: str) -> Iterator[StoredObject]:
        """All that lies below a prefix, in no order, as the listing comes: it may be more than fits
        into memory.
        """

    def now_s(self) -> float:
        """The storage's own time, which need not be this machine's; a small object is written."""

    def ages_s(self, prefix: str) -> dict[str, float]:
        """Seconds by key since each object below a prefix came to be, or was last renamed or
        replaced, by the storage's own clock.
        """

    def claim(self, key: str, room: Room = ANY_ROOM) -> AbstractContextManager[None]:
        """Be the only one who works on `key` while the body runs; waits for whoever does now, and
        says so on stderr. `room` is held with the claim, and not before it is to be had.

        It saves double work. What decides between two writers is `create` and `replace`: a worker
        that was cut off or stopped may find that another one has taken its claim over
        (`af3core.storage.lease`).
        """

    def try_claim(self, key: str) -> AbstractContextManager[bool]:
        """`claim` without waiting: gives whether it is held while the body runs."""


def update(store: Store, key: str, change: Callable[[bytes | None], bytes | None]) -> None:
    """Change an object by what it holds; another writer's change in between is never lost.

    Args:
        store: where it lies.
        key: of the object.
        change: gives the new bytes for the old ones (None: there is no object), or None to leave
            the object alone. It is called again after each lost race.

    Raises:
        StorageError: others changed it all the time.
    """

    def attempt() -> bool | None:
        [stamp] = store.stamps([key])
        data = change(store.read(key) if stamp else None)
        return True if data is None or store.replace(key, data, stamp) else None

    retry_on_conflict(store.address(key), attempt)


def retry_on_conflict(what: str, attempt: Callable[[], Result | None]) -> Result:
    """Try until no other writer was in between: `attempt` gives None where one was.

    Raises:
        StorageError: others changed it in each of LEAST_ATTEMPTS attempts, and for CONTENDED_S.
    """
    begun, attempts = time.monotonic(), 0
    while attempts < LEAST_ATTEMPTS or time.monotonic() - begun < CONTENDED_S:
        result = attempt()
        if result is not None:
            return result
        attempts += 1
        # at random, so that two do not meet again
        time.sleep(random.uniform(0.05, 0.5))
    raise StorageError(f"{what}: changed by others all the time; run it again")
