"""The files below a folder: what each of them is, and where its links lead.

A link to a file of the archive is that file under one more name. A link to a folder of the archive
leads to what is listed anyway, or in a circle; what lies out of the archive is not the archive's,
unless `follow_links` says so. A folder that holds results of this product holds no recordings.
Nothing is opened here.
"""

from __future__ import annotations

import datetime
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from beam_jobs.framework.source import SourceUnreachable, unreachable
from schemas.layout import OUTPUT_SIGNS, is_output
from schemas.object_names import text_of_path
from schemas.records import ObjectPart

HIDDEN = "hidden"
OUTPUT = "output of af3"
FOLDER_LINK = "link to a folder of the archive"
CIRCULAR_LINK = "link in a circle"
OUTER_LINK = "link out of the archive"
BROKEN_LINK = "broken link"
_OUTPUT_SIGNS = {name.rstrip("/") for name in OUTPUT_SIGNS}
_KINDS = (
    (stat.S_ISFIFO, "FIFO"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)


@dataclass(frozen=True)
class FoundObject:
    """An object of the archive; `name` is relative to it, as the operating system has it.

    Attributes:
        unreadable: why it could not be looked at.
        passed_over: why it is no recording, whatever its name.
        parts: where several objects are one recording: all of them, this one first.
        sidecar: the address of the XMP file beside it; empty where there is none, or nobody asked.
    """

    uri: str
    name: str
    size_bytes: int = -1
    updated: datetime.datetime | None = None
    generation: str = ""
    modified_ns: int = 0
    unreadable: str = ""
    passed_over: str = ""
    sidecar: str = ""
    parts: tuple[ObjectPart, ...] = ()


@dataclass
class FolderListing:
    """One walk through a folder.

    Attributes:
        root: the folder, or the one file.
        follow_links: those that lead out of it too.
        unreadable: folders that could not be listed, filled on the way.
    """

    root: Path
    follow_links: bool
    unreadable: list[str] = field(default_factory=list)
    _homes: list[Path] = field(default_factory=list)
    """Folders whose content is listed, without links: the root, and what was followed to."""

    def objects(self) -> Iterator[FoundObject]:
        """The files, in the order of their paths; hidden and special ones with the reason why they
        are passed over.

        Raises:
            SourceUnreachable: the folder itself cannot be listed.
        """
        if not os.path.isdir(self.root) and os.access(self.root, os.F_OK):
            only = look(self.root, self.root.name)
            yield from [only] if only else []
            return
        self._homes.append(Path(os.path.realpath(self.root)))
        folders = [self.root]
        while folders:
            subfolders: list[Path] = []
            yield from self._files(folders.pop(), subfolders)
            folders += reversed(subfolders)

    def _files(self, folder: Path, subfolders: list[Path]) -> Iterator[FoundObject]:
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._note(folder, error)
            return
        signs = [entry for entry in found if entry.name in _OUTPUT_SIGNS]
        if is_output({f"{e.name}/" if _is_folder(e) else e.name for e in signs}):
            uri, name = text_of_path(folder), str(folder.relative_to(self.root))
            yield FoundObject(uri, name, passed_over=OUTPUT)
            return
        for entry in found:
            path = folder / entry.name
            name = str(path.relative_to(self.root))
            is_folder, is_link = _is_folder(entry), entry.is_symlink()
            if entry.name.startswith("."):
                yield _passed_over(path, name, HIDDEN)
            elif is_link and (reason := self._reason_of_link(path, is_folder)):
                yield _passed_over(path, name, reason)
            elif is_folder:
                if is_link:
                    self._homes.append(Path(os.path.realpath(path)))
                subfolders.append(path)
            elif (file := look(path, name)) is not None:
                yield file

    def _reason_of_link(self, path: Path, is_folder: bool) -> str:
        """Why a link is not followed; empty where it is, or is looked at like a file."""
        target = Path(os.path.realpath(path))
        is_within = any(target.is_relative_to(home) for home in self._homes)
        if is_folder:
            here = Path(os.path.realpath(path.parent))
            if here.is_relative_to(target) or self._homes[0].is_relative_to(target):
                return CIRCULAR_LINK
            if is_within:
                return FOLDER_LINK
        if is_within or self.follow_links:
            return ""
        # one that leads nowhere may lead to a mount that is away: it is looked at, and waits
        return OUTER_LINK if os.path.exists(target) else ""

    def _note(self, folder: Path, error: OSError) -> None:
        text = text_of_path(folder)
        if folder == self.root:
            raise SourceUnreachable(unreachable(text, error.strerror or str(error)))
        # a folder that was removed meanwhile is none
        if not isinstance(error, FileNotFoundError):
            self.unreadable.append(text)


def look(path: Path, name: str) -> FoundObject | None:
    """A file as it is now; None where it was removed meanwhile, or became a folder."""
    uri = text_of_path(path)
    try:
        status = path.stat()
        updated = datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC)
    except FileNotFoundError:
        is_link = path.is_symlink()
        return FoundObject(uri, name, unreadable="its link leads nowhere") if is_link else None
    except OSError as error:
        is_circle = error.errno == errno.ELOOP
        why = "its link leads back to itself" if is_circle else error.strerror or str(error)
        return FoundObject(uri, name, unreadable=why)
    except (ValueError, OverflowError):
        return FoundObject(uri, name, unreadable="the time of its last change is none")
    kind = next((kind for is_kind, kind in _KINDS if is_kind(status.st_mode)), "")
    if not kind and not stat.S_ISREG(status.st_mode):
        return None
    return FoundObject(
        uri=uri,
        name=name,
        size_bytes=status.st_size,
        updated=updated,
        modified_ns=status.st_mtime_ns,
        passed_over=kind,
    )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circle of links
        return False


def _passed_over(path: Path, name: str, reason: str) -> FoundObject:
    try:
        changed = path.lstat().st_mtime
        updated = datetime.datetime.fromtimestamp(changed, datetime.UTC)
    except (OSError, ValueError, OverflowError):
        updated = None
    return FoundObject(text_of_path(path), name, updated=updated, passed_over=reason)
