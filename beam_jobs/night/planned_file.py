"""A planned recording as a file, in the very state that was planned, before and after it is read.

A recording's identity is the SHA-256 of its bytes, which `plan` has read. What is read later is
held against size and time of change (a bucket's object: its generation), and where the decoder
complains, against the hash itself.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from af3core.audio.recording_parts import files_of
from af3core.errors import SourceChanged, UnreadableObject
from af3core.storage.address import is_bucket
from beam_jobs.night.recording_file import recording_file
from schemas.identity import content_hash
from schemas.records import ArchiveObject, ObjectPart, Recording

_READ_BYTES = 1 << 20


@contextmanager
def planned_file(recording: Recording) -> Iterator[Path]:
    """The recording as a file of this machine while the body runs.

    What the body makes counts only where this raises nothing: the file is looked at again after it.

    Raises:
        UnreadableObject: it is gone, or cannot be opened.
        SourceChanged: it is not what was planned, or changed while it was read.
    """
    with recording_file(recording) as path:
        if is_bucket(recording.uri):  # that generation was fetched
            yield path
            return
        check_state(recording, path)
        try:
            yield path
        except Exception:
            # a mount that went away is no fault of the recording's
            check_state(recording, path)
            raise
        check_state(recording, path)


def check_state(recording: Recording, path: Path) -> None:
    """Raise where a file, or one of several, is not in the state that was planned."""
    planned: tuple[Recording | ObjectPart, ...] = recording.parts or (recording,)
    for each, file in zip(planned, files_of(path), strict=True):
        _check_state(each, file)


def _check_state(recording: Recording | ObjectPart, path: Path) -> None:
    try:
        status = path.stat()
        with path.open("rb"):
            pass
    except OSError as error:
        raise UnreadableObject(
            f"{recording.uri}: cannot be read now ({error.strerror}); check that its disk or mount"
            " is there, and its permissions"
        ) from error
    if status.st_size != recording.size_bytes or not _is_same_time(recording, status):
        raise SourceChanged(
            f"{recording.uri}: changed since it was planned; run plan again, which takes it as it"
            " is then"
        )


def check_content(recording: Recording, path: Path) -> None:
    """Raise where the bytes are not those that were planned: read whole, and hashed.

    Raises:
        UnreadableObject: they cannot be read to their end.
        SourceChanged: they are others.
    """
    try:
        found = hash_of_recording(path)
    except OSError as error:
        raise UnreadableObject(
            f"{recording.uri}: cannot be read ({error.strerror}); check its disk or mount"
        ) from error
    if found != recording.content_sha256:
        raise SourceChanged(f"{recording.uri}: holds other bytes than were planned; run plan again")


def hash_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read whole.

    Raises:
        OSError: they cannot be read to their end.
    """
    with path.open("rb") as file:
        return content_hash(iter(lambda: file.read(_READ_BYTES), b""))


def hash_of_recording(path: Path) -> str:
    """SHA-256 of a recording's bytes; of one of several files, of their hashes.

    Raises:
        OSError: they cannot be read to their end.
    """
    if not path.is_dir():
        return hash_of_file(path)
    return content_hash(f"{hash_of_file(file)}\n".encode() for file in files_of(path))


def is_unchanged(found: ArchiveObject, path: Path) -> bool:
    """Whether its files are in the state that was listed; nothing is known of a bucket's.

    Raises:
        OSError: one cannot be looked at.
    """
    parts: tuple[ArchiveObject | ObjectPart, ...] = found.parts or (found,)
    states = [(each, file.stat()) for each, file in zip(parts, files_of(path), strict=True)]
    return all(
        not listed.modified_ns
        or (status.st_size, status.st_mtime_ns) == (listed.size_bytes, listed.modified_ns)
        for listed, status in states
    )


def _is_same_time(recording: Recording | ObjectPart, status: os.stat_result) -> bool:
    if recording.modified_ns or isinstance(recording, ObjectPart):
        return status.st_mtime_ns == recording.modified_ns
    # plans of 0.1.0 hold milliseconds
    planned = datetime.datetime.fromisoformat(recording.modified_at)
    found = datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC)
    return found.isoformat(timespec="milliseconds") == planned.isoformat(timespec="milliseconds")
