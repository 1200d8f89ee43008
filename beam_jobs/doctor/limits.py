"""What this process may use of the machine: room on disks, and open files."""

from __future__ import annotations

import os
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

from af3core.storage.address import is_bucket
from schemas.findings import Finding, Status

LEAST_DISK_BYTES, ENOUGH_DISK_BYTES = 1 << 30, 10 << 30
"""Below the first a night stops soon; recordings of a bucket are copied one by one, and some video
has tens of gigabytes.
"""
LEAST_FILES = 10_000
"""Objects that a file system must have room for: a recording has some ten."""
LEAST_DESCRIPTORS, ENOUGH_DESCRIPTORS = 256, 1024
"""32 connections and files at once, in several threads, and the decoder's pipes."""


def disk(out: str) -> Iterator[Finding]:
    """Room for temporary files (TMPDIR), and for results in a folder."""
    yield room("temporary", Path(tempfile.gettempdir()), "set TMPDIR to a folder with more room")
    if out and not is_bucket(out):
        yield room("results", nearest(Path(out)), "make room, or choose another --out")


def room(what: str, folder: Path, remedy: str) -> Finding:
    """What is left on a folder's file system for this user."""
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    found = f"{what} files: {free / 1e9:.1f} GB free in {folder}"
    if status.f_files and status.f_favail < LEAST_FILES:
        return Finding("disk", "failed", f"{found}, for {status.f_favail} more files", remedy)
    if free >= ENOUGH_DISK_BYTES:
        return Finding("disk", "ok", found)
    return Finding("disk", "failed" if free < LEAST_DISK_BYTES else "warning", found, remedy)


def nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    whole = folder.absolute()
    return next(place for place in (whole, *whole.parents) if place.is_dir())


def descriptors() -> Iterator[Finding]:
    """Files that this process may have open at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= ENOUGH_DESCRIPTORS:
        yield Finding("open files", "ok", "no limit" if soft < 0 else f"up to {soft} at once")
        return
    most = hard if 0 <= hard < ENOUGH_DESCRIPTORS else ENOUGH_DESCRIPTORS
    remedy = f"ulimit -n {most}"
    if most < ENOUGH_DESCRIPTORS:
        remedy = f"raise the hard limit of {hard} (LimitNOFILE, --ulimit nofile), then {remedy}"
    status: Status = "failed" if soft < LEAST_DESCRIPTORS else "warning"
    yield Finding("open files", status, f"only {soft} at once", remedy)
