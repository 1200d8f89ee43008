"""Objects of a bucket on this machine, each under the stamp of its state.

Shards and clips are objects that are replaced as a whole. Fetched once per state, all at once, what
a page needs is read as fast as from a folder; DuckDB would ask for each part of each in turn.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

from af3core.storage.concurrency import map_concurrently
from af3core.storage.copies_folder import CopiesFolder
from af3core.storage.store import Store
from beam_jobs.framework.table_snapshot import open_state
from schemas.identity import configuration_hash

MOST_BYTES = 4 << 30
"""Copies that were not used for longest make room."""
_IN_USE_S = 120.0
"""A copy that was used since then may be read right now."""


class ObjectCache:
    """A folder of copies that is gone when the process ends well."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._kept = CopiesFolder()
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._used_at: dict[str, float] = {}
        self._sizes: dict[str, int] = {}
        self._fetching: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    @property
    def folder(self) -> Path:
        return Path(self._kept.name)

    def close(self) -> None:
        """Remove the folder."""
        self._kept.cleanup()

    def fetch(self, store: Store, stamps: dict[str, str]) -> dict[str, str]:
        """Where the copies of objects lie in the folder, by key; what is gone is left out."""
        copies = {key: f"{configuration_hash(stamp)}/{key}" for key, stamp in stamps.items()}
        missing = [key for key, copy in copies.items() if not self._use(copy)]
        found = map_concurrently(
            lambda key: self._fetch_once(store, key, stamps[key], copies[key]), missing
        )
        gone = {key for key, there in zip(missing, found, strict=True) if not there}
        self._make_room()
        return {key: copy for key, copy in copies.items() if key not in gone}

    def _use(self, copy: str) -> bool:
        with self._lock:
            if copy not in self._sizes:
                return False
            self._used_at[copy] = time.monotonic()
            return True

    def _fetch_once(self, store: Store, key: str, stamp: str, copy: str) -> bool:
        """Requests that want the same object wait for the first."""
        with self._lock:
            fetching = self._fetching[copy]
        with fetching:
            there = self._use(copy) or self._fetch(store, key, stamp, copy)
        with self._lock:
            self._fetching.pop(copy, None)
        return there

    def _fetch(self, store: Store, key: str, stamp: str, copy: str) -> bool:
        path = self.folder / copy
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file, open_state(store, key, stamp) as held:
                shutil.copyfileobj(held, file)
            os.replace(temporary, path)
        except FileNotFoundError:
            return False
        finally:
            Path(temporary).unlink(missing_ok=True)
        with self._lock:
            self._sizes[copy] = path.stat().st_size
            self._used_at[copy] = time.monotonic()
        return True

    def _make_room(self) -> None:
        with self._lock:
            held = sum(self._sizes.values())
            for copy in sorted(self._used_at, key=lambda copy: self._used_at[copy]):
                if held <= self._most_bytes or time.monotonic() - self._used_at[copy] < _IN_USE_S:
                    return
                (self.folder / copy).unlink(missing_ok=True)
                del self._used_at[copy]
                held -= self._sizes.pop(copy)
