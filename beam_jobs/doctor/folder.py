"""A folder: read, or written, locked and renamed in, as the store does."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from af3core.errors import StorageError
from af3core.storage.folder import FolderStore
from af3core.storage.os_errors import translate_os_errors
from beam_jobs.doctor.limits import nearest
from beam_jobs.framework.needs import check_readable
from beam_jobs.framework.source import check_source
from schemas.findings import Finding, Status
from schemas.object_names import path_of_text

CLOCK_WARNING_S = 60.0
"""A file's day is its change; `--settle-min` counts minutes."""
_RENAMES = 50
_KEY = "ledger/probe.json"


def readable_folder(source: str) -> Iterator[Finding]:
    """Raises where there is none, or this user may not read it."""
    path = path_of_text(check_source(source, lambda: False))
    check_readable(path)
    with translate_os_errors(path):
        count = sum(1 for _ in os.scandir(path)) if path.is_dir() else 1
    yield Finding("source", "ok", f"{path} can be read: {count} entries")


def writable_folder(out: str) -> Iterator[Finding]:
    """Write, lock and rename below it, in a folder that is removed again; and its clock.

    Raises:
        AccessDenied, StorageError: names what this user may not, or the folder cannot.
    """
    folder = nearest(Path(out))
    with translate_os_errors(folder):
        probe = Path(tempfile.mkdtemp(prefix=".af3-doctor-", dir=folder))
    try:
        store = FolderStore(probe)
        if not store.create(_KEY, b"1") or store.create(_KEY, b"2") or store.read(_KEY) != b"1":
            raise StorageError(f"{folder}: what is there is written over; use another file system")
        with translate_os_errors(folder):
            _check_lock(probe)
            _check_rename(probe)
        clock = clock_finding(store.now_s() - time.time(), f"the file system of {folder}")
    finally:
        shutil.rmtree(probe, ignore_errors=True)
    yield Finding("results", "ok", f"{folder} can be written, locked and renamed in")
    yield clock


def clock_finding(ahead_s: float, whose: str, failing_s: float = float("inf")) -> Finding:
    """This machine's clock against a storage's, in seconds that the storage's is ahead."""
    found = f"{whose} is {abs(ahead_s):.1f} s {'ahead of' if ahead_s > 0 else 'behind'} this clock"
    if abs(ahead_s) <= CLOCK_WARNING_S:
        return Finding("clock", "ok", found)
    status: Status = "failed" if abs(ahead_s) > failing_s else "warning"
    return Finding("clock", status, found, "set the machine's clock by NTP (timedatectl)")


def _check_lock(probe: Path) -> None:
    """A lock that one descriptor holds, another one does not get."""
    path = probe / "lock"
    with path.open("wb") as one, path.open("wb") as other:
        fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
    raise StorageError(
        f"{probe.parent}: locks of files hold nobody off; mount it with locks (NFS 4 without"
        " nolock), or use another file system"
    )


def _check_rename(probe: Path) -> None:
    """Whoever reads meanwhile sees the old file or the new one."""
    path, seen, done = probe / "renamed", set[bytes | None](), threading.Event()
    path.write_bytes(b"0" * 64)

    def look() -> None:
        while not done.is_set():
            try:
                seen.add(path.read_bytes())
            except FileNotFoundError:
                seen.add(None)

    reader = threading.Thread(target=look, daemon=True)
    reader.start()
    try:
        for number in range(_RENAMES):
            (probe / "new").write_bytes(str(number % 10).encode() * 64)
            os.replace(probe / "new", path)
    finally:
        done.set()
        reader.join()
    if any(data is None or len(data) != 64 or len(set(data)) != 1 for data in seen):
        raise StorageError(
            f"{probe.parent}: a file is missing or half there while it is replaced; use a file"
            " system whose renames are atomic, or gs://"
        )
