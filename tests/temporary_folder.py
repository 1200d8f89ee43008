"""Where a whole run writes: in memory if there is room, as a night flushes each of its objects."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")
ROOM_BYTES = 6 * 1024**3
"""A whole run leaves less."""
ROOM_FILES = 1_000_000
ANYBODYS = 0o1777
"""As of `/tmp`: PostgreSQL and some tests are other users."""


@contextmanager
def in_memory() -> Iterator[None]:
    """While the body runs, temporary files of this process and of those that it starts lie in
    memory; they are removed at its end.

    A folder that `TMPDIR` names stays; so does the disk where memory is short, and where what lies
    in memory may not be started, as tests write programs, or keeps no attributes.
    """
    if "TMPDIR" in os.environ or not _is_fit(MEMORY):
        yield
        return
    folder = tempfile.mkdtemp(prefix="af3-tests-", dir=MEMORY)
    Path(folder).chmod(ANYBODYS)
    if not _keeps_attributes(folder):
        os.rmdir(folder)
        yield
        return
    os.environ["TMPDIR"], tempfile.tempdir = folder, None
    try:
        yield
    finally:
        del os.environ["TMPDIR"]
        tempfile.tempdir = None
        shutil.rmtree(folder, ignore_errors=True)


def _keeps_attributes(folder: str) -> bool:
    """Those of a user, in which the storage server keeps an object's; Linux 6.6 in memory."""
    try:
        os.setxattr(folder, "user.af3", b"1")
    except OSError:
        return False
    return True


def _is_fit(folder: Path) -> bool:
    try:
        status = os.statvfs(folder)
    except OSError:
        return False
    runs_programs = not status.f_flag & (os.ST_NOEXEC | os.ST_RDONLY)
    has_room = status.f_bavail * status.f_frsize >= ROOM_BYTES and status.f_favail >= ROOM_FILES
    is_free = psutil.virtual_memory().available >= 2 * ROOM_BYTES
    return os.access(folder, os.W_OK | os.X_OK) and runs_programs and has_room and is_free
