"""A recording of the archive as a file of this machine, under a name that says nothing wrong; one
of several objects as a folder with a file of each, in their order.

FFmpeg tells a container by its bytes, and where those say little by the file's name: a name of
whatever suffix could make it read text as a drawing, or an MP3 as a codec without a header.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from af3core.audio.containers import HEADERLESS, SUFFIXES, has_header
from af3core.errors import UnreadableObject
from af3core.storage.address import is_bucket, split_object
from af3core.storage.bucket import BucketStore
from af3core.storage.copies_folder import CopiesFolder
from schemas.object_names import path_of_text
from schemas.records import ArchiveObject, ObjectPart, Recording

_HEAD_BYTES = 8192


@contextmanager
def recording_file(found: ArchiveObject | Recording) -> Iterator[Path]:
    """The recording as a file, or folder, of this machine while the body runs; a bucket's object is
    fetched, in the very state that was listed. A file whose name is not UTF-8 gets a name that any
    program takes.

    Raises:
        UnreadableObject: it is gone, or was replaced since.
    """
    if found.parts:
        with CopiesFolder() as folder:
            for number, part in enumerate(found.parts):
                _put(part, Path(folder, f"{number:04}{PurePosixPath(part.uri).suffix.lower()}"))
            yield Path(folder)
        return
    suffix = PurePosixPath(found.uri).suffix.lower()
    if not is_bucket(found.uri):
        path = path_of_text(found.uri)
        if suffix in SUFFIXES - HEADERLESS and _is_utf8(path):
            yield path
            return
        with CopiesFolder() as folder:
            link = Path(folder, f"recording{_suffix_for(path, suffix)}")
            link.symlink_to(path)
            yield link
        return
    with CopiesFolder() as folder:
        fetched = Path(folder, "recording")
        _fetch(found, fetched)
        yield fetched.rename(fetched.with_suffix(_suffix_for(fetched, suffix)))


def _put(part: ObjectPart, path: Path) -> None:
    if is_bucket(part.uri):
        _fetch(part, path)
    else:
        path.symlink_to(path_of_text(part.uri))


def _fetch(found: ArchiveObject | Recording | ObjectPart, path: Path) -> None:
    store, key = split_object(found.uri)
    try:
        with path.open("w+b") as file:
            cast(BucketStore, store).fetch(key, cast(BinaryIO, file), int(found.version))
    except FileNotFoundError as error:
        raise UnreadableObject(
            f"{found.uri}: the object that was listed is gone or was replaced; run plan again"
        ) from error


def _suffix_for(path: Path, suffix: str) -> str:
    """The suffix under which FFmpeg gets a file: none that would speak against its bytes."""
    if suffix not in HEADERLESS:
        return suffix if suffix in SUFFIXES else ""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:  # whoever reads it next says why
        return suffix
    return "" if has_header(head) else suffix


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True
