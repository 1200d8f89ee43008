"""A withdrawal that is killed at a chosen write, in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from af3core.storage.folder import FolderStore

_CHANGES = ("write", "delete", "release", "copy_state")
ROOT = Path(__file__).parents[3]


class Killed(BaseException):
    """As `kill -9`: nothing of ours takes it for an error."""


@contextmanager
def dying_at(is_last: Callable[[str, int], bool], die: Callable[[], None]) -> Iterator[None]:
    """While the body runs, `die` is called before the first change for which `is_last` holds.

    Args:
        is_last: gets the key and the number of changes before; claims do not count.
    """
    held = {name: getattr(FolderStore, name) for name in _CHANGES}
    count = 0

    def changed(name: str) -> Callable[..., Any]:
        def change(store: FolderStore, key: str, *more: Any) -> Any:
            nonlocal count
            if not key.startswith("claims/"):
                if is_last(key, count):
                    die()
                count += 1
            return held[name](store, key, *more)

        return change

    for name in _CHANGES:
        setattr(FolderStore, name, changed(name))
    try:
        yield
    finally:
        for name in _CHANGES:
            setattr(FolderStore, name, held[name])


def raise_killed() -> None:
    """Die in this process."""
    raise Killed


def killed_process(key: str, *arguments: object) -> int:
    """The exit code of `af3` in a process that ends itself, with no clean-up, at the first change
    of an object whose key begins so.
    """
    command = [sys.executable, "-m", "tests.beam_jobs.withdrawal.killed", key]
    done = subprocess.run(
        [*command, *map(str, arguments)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    return done.returncode


if __name__ == "__main__":
    from beam_jobs.cli import main

    with dying_at(lambda key, _: key.startswith(sys.argv[1]), lambda: os._exit(9)):
        sys.exit(main(sys.argv[2:]))
