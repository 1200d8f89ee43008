"""What is slow to make and is read by many tests: made once in a run, whichever worker needs it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock


def made_once(shared: Path, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that `make` fills at the first call of a run; to be read, not written to.

    Args:
        shared: the folder that all workers of a run know (the fixture `shared`).
        name: of the folder to make.
        make: gets the path of the folder, which does not exist yet.
    """
    folder, done = shared / name, shared / f"{name}.done"
    with FileLock(shared / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            make(folder)
            done.touch()
    return folder
