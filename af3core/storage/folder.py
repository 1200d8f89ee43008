"""A local or mounted folder as a store."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

UNFINISHED = ".writing-"


@dataclass(frozen=True)
class FolderStore:
    """A folder; every write is a temporary file and a rename."""

    root: Path

    def address(self, key: str) -> str:
        return str(self.root / key)

    def read(self, key: str) -> bytes | None:
        try:
            return (self.root / key).read_bytes()
        except FileNotFoundError:
            return None

    def read_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return [self.read(key) for key in keys]

    def open(self, key: str) -> BinaryIO:
        return (self.root / key).open("rb")

    @contextmanager
    def local_file(self, key: str) -> Iterator[BinaryIO]:
        with self.open(key) as file:
            yield file

    def stamps(self, keys: Sequence[str]) -> list[str | None]:
        return [_stamp(self.root / key) for key in keys]

    def write(self, key: str, data: bytes) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def create(self, key: str, data: bytes) -> bool:
        return self.replace(key, data, None) is not None

    def replace(self, key: str, data: bytes, expected: str | None) -> str | None:
        name = hashlib.sha256(key.encode()).hexdigest()
        with self.claim(f"claims/replace/{name}"):
            if _stamp(self.root / key) != expected:
                return None
            self.write(key, data)
            return _stamp(self.root / key)

    def delete(self, key: str) -> None:
        (self.root / key).unlink(missing_ok=True)

    def exists(self, keys: Sequence[str]) -> list[bool]:
        return [(self.root / key).is_file() for key in keys]

    def children(self, prefix: str) -> list[str]:
        folder = self.root / prefix
        if not folder.is_dir():
            return []
        names = (entry.name for entry in os.scandir(folder) if entry.is_file())
        return sorted(prefix + name for name in names if not name.startswith("."))

    def walk(self, prefixes: Sequence[str]) -> Iterator[list[str]]:
        for prefix in prefixes:
            found = (self.root / prefix).rglob("*") if (self.root / prefix).is_dir() else ()
            yield sorted(
                path.relative_to(self.root).as_posix()
                for path in found
                if path.is_file() and not path.name.startswith(".")
            )

    def states(self, prefixes: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for prefix in prefixes:
            _add_states(self.root / prefix, prefix, found)
        return found

    @contextmanager
    def claim(self, key: str) -> Iterator[None]:
        """As `Store.claim`: a lock of the system's, on one machine and on shared folders that pass
        locks on (NFS 4). It ends with its process, so that a killed worker leaves none behind.
        """
        path = self.root / key
        while True:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if _is_at(file, path):
                    try:
                        yield
                    finally:
                        path.unlink()
                    return


def _stamp(path: Path) -> str | None:
    try:
        return _stamp_of(path.stat())
    except FileNotFoundError:
        return None


def _stamp_of(status: os.stat_result) -> str:
    """Every write makes another file, so that its number and time name the state."""
    return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"


def _add_states(folder: Path, prefix: str, found: dict[str, str]) -> None:
    """Stamps of all files below a folder; what is removed meanwhile is left out."""
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                _add_states(Path(entry.path), f"{prefix}{entry.name}/", found)
            elif not entry.name.startswith("."):
                with contextlib.suppress(FileNotFoundError):
                    found[prefix + entry.name] = _stamp_of(entry.stat())


def _is_at(file: BinaryIO, path: Path) -> bool:
    """False where whoever held the claim before has taken the file away."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
