"""What killed processes left in a folder: temporary files, claims and locks, swept by later jobs.

Ages are told by the file system's own clock: from the time of a file that is written just now. The
clocks of machines are compared with nothing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from af3core.errors import StorageError
from af3core.storage.file_lock import remove_if_free
from af3core.storage.folder import CLAIMS, LOCKS, UNFINISHED, FolderStore
from af3core.storage.holder import parse_holder
from af3core.storage.os_errors import translate_os_errors
from af3core.storage.store import Store

SAFE_AGE_S = 900.0
"""Nothing was written to a temporary file, nor a claim renewed, for so long: nobody does any more.

A writer that was merely stopped writes once more when it goes on.
"""
_SHALLOW = ("manifests/*", "audits/*", "ledger/rates")
"""Folders of few objects, where releases before 0.2.0 left temporary files beside them."""


def remove_abandoned(store: Store, safe_age_s: float = SAFE_AGE_S) -> int:
    """Remove temporary files that are older than `safe_age_s` and than the oldest living claim;
    claims that nobody renews, or whose process is dead; locks that nobody holds.

    A few short listings, however many objects there are. In a bucket nothing is left: an upload
    that does not end makes no object, and a claim there is one small object that the next worker of
    the same piece takes over.

    Returns:
        How many files were removed. Where the folder is in trouble, fewer: the job meets the same.
    """
    if not isinstance(store, FolderStore) or not store.writing or not store.root.is_dir():
        return 0
    with contextlib.suppress(StorageError, FileNotFoundError), translate_os_errors(store.root):
        return _Sweep(store, safe_age_s).run()
    return 0


@dataclass(frozen=True)
class _Sweep:
    store: FolderStore
    safe_age_s: float

    def run(self) -> int:
        temporaries = [*self._below(self.store.writing)]
        for pattern in _SHALLOW:
            for folder in self.store.root.glob(pattern):
                temporaries += self._below(str(folder.relative_to(self.store.root)))
        temporaries = [path for path in temporaries if path.name.startswith(UNFINISHED)]
        claims = [*self._claims()]
        if not temporaries and not claims:
            return 0
        now_s = self.store.now_s()
        oldest_s, removed = self._sweep_claims(claims, now_s)
        limit_s = max(self.safe_age_s, oldest_s)
        for path in temporaries:
            with contextlib.suppress(FileNotFoundError):
                if now_s - path.stat().st_mtime > limit_s:
                    path.unlink()
                    removed += 1
        return removed

    def _sweep_claims(self, claims: list[Path], now_s: float) -> tuple[float, int]:
        """Ages of the oldest living claim, and how many others were removed."""
        oldest_s, removed = 0.0, 0
        for path in claims:
            key = path.relative_to(self.store.root).as_posix()
            with contextlib.suppress(FileNotFoundError):
                if key.startswith(LOCKS):
                    removed += remove_if_free(path)
                    continue
                [stamp] = self.store.stamps([key])
                holder = parse_holder(self.store.read(key))
                silent_s = now_s - path.stat().st_mtime
                if (holder and holder.is_dead()) or silent_s > self.safe_age_s:
                    self.store.release(key, stamp)
                    removed += 1
                else:
                    oldest_s = max(oldest_s, silent_s + (holder.held_s if holder else 0))
        return oldest_s, removed

    def _claims(self) -> Iterator[Path]:
        for work in self.store.root.glob(f"{CLAIMS}*"):
            yield from self._below(str(work.relative_to(self.store.root)))

    def _below(self, folder: str) -> Iterator[Path]:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            for entry in os.scandir(self.store.root / folder):
                if entry.is_file():
                    yield Path(entry.path)
