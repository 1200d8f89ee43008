"""Where tests write: in memory where there is room, as nights flush each object to the disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM_BYTES = 6 * 1024**3
"""A whole run leaves less."""
ROOM_FILES = 1_000_000


def write_into_memory() -> None:
    """Make memory the folder of temporary files of this process and of those that it starts.

    A folder that `TMPDIR` names stays; so does the disk where memory is short, or where what lies
    in it may not be started, as tests write programs.
    """
    if "TMPDIR" not in os.environ and _is_fit(MEMORY):
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # what was found before


def _is_fit(folder: Path) -> bool:
    try:
        status = os.statvfs(folder)
    except OSError:
        return False
    is_open = os.access(folder, os.W_OK | os.X_OK)
    runs_programs = not status.f_flag & (os.ST_NOEXEC | os.ST_RDONLY)
    has_room = status.f_bavail * status.f_frsize >= ROOM_BYTES and status.f_favail >= ROOM_FILES
    return is_open and runs_programs and has_room and _free_bytes() >= 2 * ROOM_BYTES


def _free_bytes() -> int:
    """Memory that is free for programs."""
    import psutil

    return int(psutil.virtual_memory().available)
