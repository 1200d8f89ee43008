"""A folder of recordings as a list of objects, each with the date that it belongs to."""

from __future__ import annotations

import datetime
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from af3core.audio.containers import SUFFIXES
from af3core.errors import ConfigurationError
from schemas.records import ArchiveObject

DateRule = Literal["auto", "path", "mtime"]

_PATH_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_/.]?(\d\d)[-_/.]?(\d\d)(?!\d)")


@dataclass
class Listing:
    """What a listing met besides recordings: nothing is passed over in silence."""

    passed_over: Counter[str] = field(default_factory=Counter)
    outside_interval: int = 0
    undated: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def check_source(source: str) -> Path:
    """The archive's folder (or single recording).

    Raises:
        ConfigurationError: there is none.
    """
    if "://" in source:
        raise ConfigurationError(
            f"SOURCE {source}: the jobs read folders; give a local or mounted folder"
        )
    path = Path(source)
    if not path.exists():
        raise ConfigurationError(f"SOURCE {source}: there is no such folder or file")
    return path.absolute()


def list_archive(
    source: str, corpus: str, rule: DateRule, since: str, until: str, listing: Listing
) -> Iterator[ArchiveObject]:
    """Recordings whose date lies in [since, until], in the order of their paths.

    `listing` is filled on the way. Hidden files are left alone; a file is taken for a recording
    by its suffix, playlists included, which later fail by name.
    """
    root = check_source(source)
    for path in _files(root, listing):
        if path.suffix.lower() not in SUFFIXES:
            listing.passed_over[path.suffix.lower() or "(no suffix)"] += 1
            continue
        status = path.stat()
        modified = datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC)
        name = path.name if root.is_file() else str(path.relative_to(root))
        date = date_of(name, modified, rule)
        if date is None:
            listing.undated.append(str(path))
        elif since <= date <= until:
            yield ArchiveObject(
                uri=str(path),
                corpus=corpus,
                date=date,
                size_bytes=status.st_size,
                modified_at=modified.isoformat(timespec="milliseconds"),
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


def _files(root: Path, listing: Listing) -> Iterator[Path]:
    if root.is_file():
        yield root
        return

    def note(error: OSError) -> None:
        listing.unreadable.append(str(error.filename))

    for folder, subfolders, names in os.walk(root, onerror=note):
        subfolders[:] = sorted(s for s in subfolders if not s.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if not name.startswith(".") and path.exists():
                yield path
