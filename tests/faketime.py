"""Processes whose clock is wrong, or jumps while they run; the time that passes stays the true one.

The library is libfaketime, which `make faketime` builds. What is started with `clock_of` reads its
offset from a file, which may be changed at any time.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.servers import needs

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "build/faketime/libfaketime/vendor/libfaketime/src/libfaketime.so.1"
_SHARED = Path("/dev/shm")
_READ_EVERY_S = 1


def is_built() -> bool:
    """False where there was no compiler or no source."""
    return LIBRARY.is_file()


def clock_of(offset: Path) -> dict[str, str]:
    """The variables that give a program the clock of a file, of `set_clock`.

    A test of it alone is skipped where the library could not be built.
    """
    needs("faketime")
    if not is_built():
        pytest.skip("there is no libfaketime: make faketime (it needs a C compiler)")
    return {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_CACHE_DURATION": str(_READ_EVERY_S),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def set_clock(offset: Path, ahead_s: int) -> None:
    """Put the clock so far ahead, or behind, from now on; processes that run notice in a second."""
    part = offset.with_suffix(".new")
    part.write_text(f"{ahead_s:+d}\n")
    part.replace(offset)


def remove_left_behind() -> None:
    """Remove the shared memory of processes that were killed."""
    for path in _SHARED.glob("*faketime_*"):
        process = path.name.rpartition("_")[2]
        if process.isdigit() and not os.path.exists(f"/proc/{process}"):
            path.unlink(missing_ok=True)
