"""A local or mounted folder as a store."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from af3core.storage.file_lock import hold_file_lock
from af3core.storage.lease import ANY_ROOM, LEASE_S, Room, hold_lease, try_lease
from af3core.storage.os_errors import open_to_read, storage_error, translate_os_errors
from af3core.storage.store import ListedObject, StoredObject

UNFINISHED = ".writing-"
"""Begins the names of temporary files; listings leave them out."""
WRITING = ".writing"
"""The folder below an output's root that holds them, so that one listing finds what is left."""
CLAIMS = "claims/"
"""What lies below says who works now: it need not outlive the machine's power."""
LOCKS = "claims/replace/"
"""Locks that compare and replace one object; held for one write."""
_ELSEWHERE = (errno.EXDEV, errno.EACCES, errno.EPERM, errno.ENOENT)
_LOOK_S = 0.1
"""Between two looks at a claim that another one holds."""


@dataclass(frozen=True)
class FolderStore:
    """A folder; every write is a temporary file and a rename.

    Temporary files lie in `.writing` below the root, which is to be one file system. An object's
    folder that is on another one (a mount of its own, a link to another disk) or beside which this
    user may not write holds its own: a killed writer's stays there then.

    Attributes:
        root: the folder.
        writing: the folder of temporary files, below the root; empty: beside each object.
        lease_s: how long a claim outlives its holder.
    """

    root: Path
    writing: str = WRITING
    lease_s: float = LEASE_S

    def address(self, key: str) -> str:
        return str(self.root / key)

    def read(self, key: str) -> bytes | None:
        path = self.root / key
        try:
            with translate_os_errors(path):
                return path.read_bytes()
        except FileNotFoundError:
            return None

    def read_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return [self.read(key) for key in keys]

    def open(self, key: str, stamp: str | None = None) -> BinaryIO:
        file = open_to_read(self.root / key)
        if stamp is not None and _stamp_of(os.fstat(file.fileno())) != stamp:
            file.close()
            raise FileNotFoundError(errno.ENOENT, "replaced since", self.address(key))
        return file

    @contextmanager
    def local_file(self, key: str, stamp: str | None = None) -> Iterator[BinaryIO]:
        with self.open(key, stamp) as file:
            yield file

    def stamps(self, keys: Sequence[str]) -> list[str | None]:
        return [_stamp(self.root / key) for key in keys]

    def write(self, key: str, data: bytes) -> None:
        path = self.root / key
        try:
            with translate_os_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                is_lasting = not key.startswith(CLAIMS)
                try:
                    beside = self.root / self.writing if self.writing else path.parent
                    _write_through(beside, path, data, is_lasting)
                except OSError as error:
                    if error.errno not in _ELSEWHERE:
                        raise
                    # another file system, another user's folder, or swept while this was stopped
                    _write_through(path.parent, path, data, is_lasting)
        except FileNotFoundError as error:
            raise storage_error(error, path) from error

    def create(self, key: str, data: bytes) -> bool:
        return self.replace(key, data, None) is not None

    def replace(self, key: str, data: bytes, expected: str | None) -> str | None:
        with self._locked(key):
            if _stamp(self.root / key) != expected:
                return None
            self.write(key, data)
            return _stamp(self.root / key)

    def copy_state(self, key: str, stamp: str, copy: str) -> bool:
        path = self.root / copy
        with translate_os_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(self.root / key, path)
            except FileExistsError:
                return True
            except FileNotFoundError:
                return False
            except OSError:
                # a file system without links, or an object on another one
                return self._copy_bytes(key, stamp, copy)
        if _stamp(path) == stamp:
            return True
        self.delete(copy)
        return False

    def _copy_bytes(self, key: str, stamp: str, copy: str) -> bool:
        try:
            with self.open(key, stamp) as file:
                self.write(copy, file.read())
        except FileNotFoundError:
            return False
        return True

    def delete(self, key: str) -> None:
        with translate_os_errors(self.root / key):
            (self.root / key).unlink(missing_ok=True)

    def release(self, key: str, expected: str | None) -> bool:
        with self._locked(key):
            is_there = expected is not None and _stamp(self.root / key) == expected
            if is_there:
                self.delete(key)
        return is_there

    def remove_empty_folders(self, removed: Iterable[str]) -> None:
        """Take away the folders that held removed objects and hold nothing else; who writes there
        meanwhile makes them again.
        """
        for key in removed:
            for folder in (self.root / key).parents:
                if folder == self.root:
                    break
                try:
                    folder.rmdir()
                except OSError:  # it holds others
                    break

    def exists(self, keys: Sequence[str]) -> list[bool]:
        found = []
        for key in keys:
            with translate_os_errors(self.root / key):
                found.append((self.root / key).is_file())
        return found

    def children(self, prefix: str) -> list[str]:
        with translate_os_errors(self.root / prefix):
            names = [entry.name for entry in _entries(self.root / prefix) if entry.is_file()]
        return sorted(prefix + name for name in names if not name.startswith("."))

    def folders(self, prefix: str) -> list[str]:
        with translate_os_errors(self.root / prefix):
            names = [entry.name for entry in _entries(self.root / prefix) if entry.is_dir()]
        return sorted(f"{prefix}{name}/" for name in names if not name.startswith("."))

    def walk(self, prefixes: Sequence[str]) -> Iterator[list[str]]:
        for prefix in prefixes:
            with translate_os_errors(self.root / prefix):
                found = sorted(key for key, _ in _files_below(self.root / prefix, prefix))
            yield found

    def states(self, prefixes: Sequence[str]) -> dict[str, str]:
        return {key: listed.stamp for key, listed in self.listing(prefixes).items()}

    def listing(self, prefixes: Sequence[str]) -> dict[str, ListedObject]:
        found: dict[str, ListedObject] = {}
        for prefix in prefixes:
            with translate_os_errors(self.root / prefix):
                for key, entry in _files_below(self.root / prefix, prefix):
                    with contextlib.suppress(FileNotFoundError):
                        status = entry.stat()
                        found[key] = ListedObject(_stamp_of(status), status.st_size)
        return found

    def stored(self, prefix: str) -> Iterator[StoredObject]:
        with translate_os_errors(self.root / prefix):
            yield from _stored_below(self.root / prefix, prefix)

    def ages_s(self, prefix: str) -> dict[str, float]:
        # a link is as old as its file, but for the time of its last change
        found: dict[str, float] = {}
        with translate_os_errors(self.root / prefix):
            for key, entry in _files_below(self.root / prefix, prefix):
                with contextlib.suppress(FileNotFoundError):
                    found[key] = entry.stat().st_ctime
        now_s = self.now_s() if found else 0.0
        return {key: now_s - changed_s for key, changed_s in found.items()}

    def now_s(self) -> float:
        """The file system's time, which need not be this machine's."""
        folder = self.root / (self.writing or ".")
        with translate_os_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(prefix=UNFINISHED, dir=folder) as file:
                file.write(b"now")
                file.flush()
                return os.fstat(file.fileno()).st_mtime

    def claim(self, key: str, room: Room = ANY_ROOM) -> AbstractContextManager[None]:
        return hold_lease(self, key, self.lease_s, _LOOK_S, room=room)

    def try_claim(self, key: str) -> AbstractContextManager[bool]:
        return try_lease(self, key, self.lease_s)

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """Nobody else compares and replaces the object meanwhile."""
        name = hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()
        path = self.root / LOCKS / name
        try:
            with translate_os_errors(path), hold_file_lock(path):
                yield
        except FileNotFoundError as error:
            raise storage_error(error, path) from error


def _write_through(folder: Path, path: Path, data: bytes, is_lasting: bool) -> None:
    """Write a file by a temporary one of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=UNFINISHED, dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if is_lasting:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _stamp(path: Path) -> str | None:
    """What a look at the name says may be a minute old on a shared folder; opening asks anew."""
    try:
        with translate_os_errors(path), path.open("rb") as file:
            return _stamp_of(os.fstat(file.fileno()))
    except FileNotFoundError:
        return None


def _stamp_of(status: os.stat_result) -> str:
    """Every write makes another file, so that its number and time name the state."""
    return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"


def _files_below(folder: Path, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Keys and entries at any depth; what is removed meanwhile is left out."""
    for entry in _entries(folder):
        if entry.is_dir():
            yield from _files_below(Path(entry.path), f"{prefix}{entry.name}/")
        elif entry.is_file() and not entry.name.startswith("."):
            yield prefix + entry.name, entry


def _stored_below(folder: Path, prefix: str) -> Iterator[StoredObject]:
    """As `_files_below`, an entry at a time: a folder may hold a million."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                if entry.is_dir():
                    yield from _stored_below(Path(entry.path), f"{prefix}{entry.name}/")
                elif entry.is_file() and not entry.name.startswith("."):
                    status = entry.stat()
                    yield StoredObject(
                        prefix + entry.name, _stamp_of(status), status.st_size, status.st_ctime
                    )


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds; nothing where it is none."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
