"""Folders of this machine for copies of objects; what a killed process left is swept by later jobs.

Each is locked by its process while that lives: no process is looked for by its number, which
another container may not see.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
import weakref
from pathlib import Path

PREFIX = "af3-copies-"
_NEW_S = 60.0
"""A folder may be younger than its lock."""


class CopiesFolder(tempfile.TemporaryDirectory[str]):
    """A temporary folder that is gone with this object, or with the next job if the process is
    killed.
    """

    def __init__(self) -> None:
        super().__init__(prefix=PREFIX)
        descriptor = os.open(self.name, os.O_RDONLY | os.O_DIRECTORY)
        weakref.finalize(self, os.close, descriptor)
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_SH)


def remove_dead_copies() -> int:
    """Remove folders whose process is dead; gives how many."""
    removed = 0
    with contextlib.suppress(OSError):
        for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                status = folder.stat()
                if status.st_uid == os.getuid() and time.time() - status.st_mtime > _NEW_S:
                    removed += _remove_if_dead(folder)
    return removed


def _remove_if_dead(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        shutil.rmtree(folder, ignore_errors=True)
        return True
    finally:
        os.close(descriptor)
