"""A recording on this machine: one file, or a folder with the files of its tracks in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from schemas.records import MediaTrack


def files_of(path: Path) -> list[Path]:
    """The recording's files; the only one where it is none of several."""
    return sorted(path.iterdir()) if path.is_dir() else [path]


def source_of(path: Path, tracks: Sequence[MediaTrack], index: int) -> tuple[Path, int]:
    """The file that holds a track, and which of that file's audio tracks it is."""
    if not path.is_dir():
        return path, index
    part = next(track.part for track in tracks if track.index == index)
    first = min(track.index for track in tracks if track.part == part)
    return files_of(path)[part], index - first
