"""Objects below an output folder: whole reads, atomic writes, listing by prefix."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from af3core.errors import ConfigurationError


@dataclass(frozen=True)
class FolderStore:
    """A local folder as a store of objects. Keys are relative paths with forward slashes."""

    root: Path

    def address(self, key: str) -> str:
        """Where a person finds the object."""
        return str(self.root / key)

    def read(self, key: str) -> bytes | None:
        """The object's bytes, or None where there is none."""
        try:
            return (self.root / key).read_bytes()
        except FileNotFoundError:
            return None

    def open(self, key: str) -> BinaryIO:
        """The object as a seekable file.

        Raises:
            FileNotFoundError: there is none.
        """
        return (self.root / key).open("rb")

    def write(self, key: str, data: bytes) -> None:
        """Create or replace the object in one step: a reader sees the old or the new, whole."""
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
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

    @contextmanager
    def claim(self, key: str) -> Iterator[None]:
        """Be the only one who works on `key` while the body runs; waits for whoever does now.

        The claim is a lock of the system's, on one machine and on shared folders that pass locks
        on (NFS 4): it ends with its process, so that a killed worker leaves none behind.
        """
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            with path.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if _is_at(file, path):
                    try:
                        yield
                    finally:
                        path.unlink()
                    return

    def delete(self, key: str) -> None:
        """Remove the object, if there is one."""
        (self.root / key).unlink(missing_ok=True)

    def exists(self, key: str) -> bool:
        return (self.root / key).is_file()

    def list(self, prefix: str) -> Iterator[str]:
        """Keys directly below a prefix that ends in a slash, sorted; unfinished writes left out."""
        folder = self.root / prefix
        if not folder.is_dir():
            return
        for entry in sorted(os.scandir(folder), key=lambda e: e.name):
            if entry.is_file() and not entry.name.startswith("."):
                yield prefix + entry.name


def _is_at(file: BinaryIO, path: Path) -> bool:
    """False where whoever held the claim before has taken the file away."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def open_store(address: str) -> FolderStore:
    """The store at a folder, which is made where it is missing.

    Raises:
        ConfigurationError: it cannot be made or written.
    """
    if "://" in address:
        raise ConfigurationError(
            f"--out {address}: the jobs write to folders; give a local or mounted folder"
        )
    root = Path(address).absolute()
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"--out {address}: {error.strerror}") from error
    if not os.access(root, os.W_OK):
        raise ConfigurationError(f"--out {address}: this folder cannot be written to")
    return FolderStore(root)
