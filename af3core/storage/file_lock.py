"""A lock of the operating system on a file: for moments, and it ends with its process.

It holds on one machine, and on shared folders that pass locks on (NFS 4).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from af3core.errors import StorageError
from af3core.storage.holder import parse_holder, this_process

LOCK_WAIT_S = 60.0
"""A lock is held for one write; whoever holds it for longer is stuck."""
_FIRST_LOOK_S, _LAST_LOOK_S = 0.001, 0.05


@contextmanager
def hold_file_lock(path: Path, wait_s: float | None = None) -> Iterator[None]:
    """Hold the lock while the body runs; waits for whoever holds it now.

    Args:
        path: of the lock's file, which is there only while someone holds it.
        wait_s: for how long to wait; LOCK_WAIT_S.

    Raises:
        StorageError: it was not free for so long; names host and process of the holder.
        OSError: the file cannot be made.
    """
    until = time.monotonic() + (LOCK_WAIT_S if wait_s is None else wait_s)
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            _wait(file, path, until)
            if not _is_at(file, path):
                continue
            _write_holder(file)
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def remove_if_free(path: Path) -> bool:
    """Take the file of a lock away that nobody holds; what a killed process left."""
    with path.open("ab+") as file:
        if not _try(file) or not _is_at(file, path):
            return False
        path.unlink()
        return True


def _wait(file: BinaryIO, path: Path, until: float) -> None:
    look_s = _FIRST_LOOK_S
    while not _try(file):
        if time.monotonic() > until:
            file.seek(0)
            holder = parse_holder(file.read()) or "another process"
            raise StorageError(
                f"{path}: locked by {holder} for too long; end that process if it is stuck,"
                " and run it again"
            )
        time.sleep(look_s)
        look_s = min(2 * look_s, _LAST_LOOK_S)


def _try(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_holder(file: BinaryIO) -> None:
    """For who waits in vain. On a full disk the lock has no name, and holds."""
    with contextlib.suppress(OSError):
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), this_process().to_bytes())


def _is_at(file: BinaryIO, path: Path) -> bool:
    """False where whoever held the lock before has taken the file away."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
