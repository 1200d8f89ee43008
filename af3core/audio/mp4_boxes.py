"""The boxes of an MP4 or QuickTime file on its highest level, and what a cut copy lacks of them.

Headers alone are read (ISO/IEC 14496-12, 4.2; QuickTime File Format, "Atoms").
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

_NAMES = frozenset(
    b"ftyp moov mdat free skip wide moof mfra sidx styp uuid meta udta pnot emsg prft pdin".split()
)
_MOST_BOXES = 100_000
"""Boxes that are walked over; a file with more is not judged."""
_INDEX, _FRAGMENT = b"moov", b"moof"
_SAMPLES = (b"mdat", b"free", b"skip", b"wide")
"""What is read as far as it goes; of other boxes a part is of no use."""


class Box(NamedTuple):
    """A box and its bytes `[start, end)`, which may lie behind the file's end."""

    name: bytes
    start: int
    end: int


def is_mp4(head: bytes) -> bool:
    """Whether a file with such first bytes is made of these boxes."""
    return head[4:8] in _NAMES


def top_boxes(file: BinaryIO, size: int) -> Iterator[Box]:
    """The boxes on the highest level in order, as far as their names are known."""
    position = 0
    for _ in range(_MOST_BOXES):
        file.seek(position)
        header = file.read(16)
        if len(header) < 8 or header[4:8] not in _NAMES:
            return
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length == 0:  # to the end of the file
            length = size - position
        if length < 8:
            return
        yield Box(header[4:8], position, position + length)
        position += length
        if position >= size:
            return


def usable_end(path: Path) -> int | None:
    """Where a file of fragments is to be read to: before a box of headers in which it was cut.

    FFmpeg refuses the whole of a file that ends within the index of a fragment. None where all can
    be read, and for what is no MP4.
    """
    size, boxes = _boxes_of(path)
    if not boxes:
        return None
    last = boxes[-1]
    is_cut = last.end > size and last.name not in _SAMPLES
    has_index = any(box.name == _INDEX and box.end <= size for box in boxes)
    return last.start if is_cut and has_index else None


def has_fragments(path: Path) -> bool:
    """Whether the index speaks of a part of the file alone: each fragment has one of its own."""
    return any(box.name == _FRAGMENT for box in _boxes_of(path)[1])


def lacks_index(path: Path) -> bool:
    """Whether this is an MP4 without a whole index: nothing tells where its samples lie."""
    size, boxes = _boxes_of(path)
    return bool(boxes) and not any(box.name == _INDEX and box.end <= size for box in boxes)


def _boxes_of(path: Path) -> tuple[int, list[Box]]:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return size, list(top_boxes(file, size)) if is_mp4(file.read(8)) else []
