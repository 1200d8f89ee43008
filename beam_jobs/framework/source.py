"""The archive's address, looked at before any work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from af3core.audio.containers import SUFFIXES
from af3core.errors import Af3Error, ConfigurationError
from af3core.storage.address import is_bucket
from af3core.storage.listing import find_object, holds_anything
from schemas.object_names import path_of_text, text_of_path


class SourceUnreachable(Af3Error):
    """The archive cannot be listed, and was before: it may come back."""


def check_source(source: str, was_planned: Callable[[], bool]) -> str:
    """The address of the archive's folder, bucket or single recording.

    Args:
        source: as it was given.
        was_planned: whether the corpus has planned days; asked only where there is no archive.

    Raises:
        ConfigurationError: there is none.
        SourceUnreachable: there is none now, and the corpus has planned days.
    """
    try:
        return _bucket_address(source, was_planned) if is_bucket(source) else _path_text(source)
    except ConfigurationError as error:
        if not was_planned():
            raise
        raise SourceUnreachable(unreachable(source, str(error))) from error


def unreachable(source: str, why: str) -> str:
    """What is said of an archive that cannot be listed."""
    return (
        f"nothing was planned: the archive {source} cannot be listed now ({why.rstrip('.')}); what"
        " is published stays; bring it back or correct the address, and run it again"
    )


def lies_beside(source: str, uri: str, size_bytes: int) -> bool:
    """Whether an object that a listing of a source does not reach is there as it was.

    Args:
        source, uri: address of the archive, and of the object.
        size_bytes: that it had.

    Raises:
        StorageError: a bucket is in trouble, or refuses.
    """
    if uri == source or uri.startswith(f"{source.rstrip('/')}/"):
        return False
    if is_bucket(uri):
        found = find_object(uri)
        return found is not None and found.size_bytes == size_bytes
    try:
        return Path(path_of_text(uri)).stat().st_size == size_bytes
    except OSError:
        return False  # what cannot be looked at is judged as what is not there


def is_recording(name: str) -> bool:
    """Whether an object's name is that of a recording, by its suffix."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def _bucket_address(source: str, was_planned: Callable[[], bool]) -> str:
    there = find_object(source) if is_recording(source) else holds_anything(source)
    # an empty prefix of a corpus that is known is a finding of the listing
    if not there and not was_planned():
        raise ConfigurationError(f"SOURCE {source}: there is no such object or prefix")
    return source.rstrip("/")


def _path_text(source: str) -> str:
    path = Path(source)
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        text = text_of_path(source)
        raise ConfigurationError(f"SOURCE {text}: there is no such folder or file") from error
    except OSError as error:
        text = text_of_path(source)
        raise ConfigurationError(f"SOURCE {text}: cannot be read ({error.strerror})") from error
    return text_of_path(path.absolute())
