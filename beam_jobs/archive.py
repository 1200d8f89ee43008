"""A folder or bucket of recordings as a list of objects, each with the date that it belongs to."""

from __future__ import annotations

import datetime
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal, cast

from af3core.audio.containers import SUFFIXES
from af3core.errors import ConfigurationError, UnreadableObject
from af3core.storage.address import is_bucket, split_object
from af3core.storage.bucket import BucketStore
from af3core.storage.listing import (
    ListedObject,
    holds_anything,
    list_objects,
    listed_object,
)
from beam_jobs.archive_folder import list_folder
from schemas.records import ArchiveObject, Recording

DateRule = Literal["auto", "path", "mtime"]

_PATH_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_/.]?(\d\d)[-_/.]?(\d\d)(?!\d)")


@dataclass
class Listing:
    """What a listing met besides recordings: nothing is passed over in silence."""

    passed_over: Counter[str] = field(default_factory=Counter)
    outside_interval: int = 0
    undated: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def check_source(source: str) -> str:
    """The address of the archive's folder, bucket or single recording.

    Raises:
        ConfigurationError: there is none.
    """
    if is_bucket(source):
        if not (listed_object(source) if _is_recording(source) else holds_anything(source)):
            raise ConfigurationError(f"SOURCE {source}: there is no such object or prefix")
        return source.rstrip("/")
    path = Path(source)
    if not path.exists():
        raise ConfigurationError(f"SOURCE {source}: there is no such folder or file")
    return str(path.absolute())


def list_archive(
    source: str, corpus: str, rule: DateRule, since: str, until: str, listing: Listing
) -> Iterator[ArchiveObject]:
    """Recordings whose date lies in [since, until], in the order of their paths.

    `listing` is filled on the way. Hidden objects are left alone; an object is taken for a
    recording by its suffix, playlists included, which later fail by name.
    """
    for found in _objects(source, listing):
        if not _is_recording(found.name):
            listing.passed_over[PurePosixPath(found.name).suffix.lower() or "(no suffix)"] += 1
            continue
        date = date_of(found.name, found.updated, rule)
        if date is None:
            listing.undated.append(found.uri)
        elif since <= date <= until:
            yield ArchiveObject(
                uri=found.uri,
                corpus=corpus,
                date=date,
                size_bytes=found.size_bytes,
                modified_at=found.updated.isoformat(timespec="milliseconds"),
                version=found.generation,
            )
        else:
            listing.outside_interval += 1


def date_of(name: str, modified: datetime.datetime, rule: DateRule) -> str | None:
    """The archive date of an object as YYYY-MM-DD, or None where `path` finds none.

    `path` takes the last valid date in the path (2026-11-03, 2026/11/03, 20261103), `mtime` the
    day of the last change (UTC), `auto` the first of the two that there is.
    """
    if rule in ("auto", "path"):
        for match in reversed(list(_PATH_DATE.finditer(name))):
            try:
                return datetime.date(int(match[1]), int(match[2]), int(match[3])).isoformat()
            except ValueError:
                continue
        if rule == "path":
            return None
    return modified.date().isoformat()


@contextmanager
def recording_file(found: ArchiveObject | Recording) -> Iterator[Path]:
    """The recording as a file of this machine while the body runs; a bucket's object is fetched,
    in the very state that was listed.

    Raises:
        UnreadableObject: it is gone, or was replaced since.
    """
    if not is_bucket(found.uri):
        yield Path(found.uri)
        return
    store, key = split_object(found.uri)
    suffix = PurePosixPath(found.uri).suffix
    with tempfile.NamedTemporaryFile(prefix="af3-", suffix=suffix) as file:
        try:
            cast(BucketStore, store).fetch(key, cast(BinaryIO, file), int(found.version))
        except FileNotFoundError as error:
            raise UnreadableObject(
                f"{found.uri}: the object that was listed is gone or was replaced; run plan again"
            ) from error
        file.flush()
        yield Path(file.name)


def _objects(source: str, listing: Listing) -> Iterator[ListedObject]:
    if not is_bucket(source):
        yield from list_folder(Path(source), listing.unreadable)
        return
    if _is_recording(source):
        only = listed_object(source)
        yield from [only] if only else []
        return
    for found in list_objects(source):
        hidden = any(part.startswith(".") for part in found.name.split("/"))
        if not hidden and not found.name.endswith("/"):
            yield found


def _is_recording(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SUFFIXES
