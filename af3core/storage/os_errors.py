"""Errors of the operating system at the edge of a folder, as ours: the path and the remedy."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from af3core.errors import AccessDenied, StorageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_DENIED = (errno.EACCES, errno.EPERM)
_DENIED_REMEDY = "give this user the right to read and write there, and run it again"
_NO_ANSWER = "check the disk, or the mount, and run it again"
_REMEDIES = {
    errno.ENOSPC: "the disk is full; make room and run it again",
    errno.EDQUOT: "this user's quota is used up; make room and run it again",
    errno.EROFS: "this file system is read-only; mount it for writing and run it again",
    errno.EMFILE: "this process has no more files to open; raise ulimit -n and run it again",
    errno.ENFILE: "this machine has no more files to open; raise fs.file-max and run it again",
    errno.EFBIG: "larger than this process may write; raise ulimit -f and run it again",
}


def storage_error(error: OSError, path: Path | str) -> StorageError:
    """What the error says of the path, in one line."""
    if error.errno in _DENIED:
        return AccessDenied(f"{path}: permission denied; {_DENIED_REMEDY}")
    said = error.strerror or type(error).__name__
    return StorageError(f"{path}: {_REMEDIES.get(error.errno or 0, f'{said}; {_NO_ANSWER}')}")


@contextmanager
def translate_os_errors(path: Path | str) -> Iterator[None]:
    """Turn errors of the operating system into ours.

    Raises:
        FileNotFoundError: there is no such file, or a folder in its place.
        AccessDenied: this user may not.
        StorageError: a full disk, no more descriptors, a mount that does not answer.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except (IsADirectoryError, NotADirectoryError) as error:
        raise FileNotFoundError(error.errno, error.strerror, str(path)) from error
    except OSError as error:
        raise storage_error(error, path) from error


def open_to_read(path: Path) -> BinaryIO:
    """A file whose later reads raise our errors too.

    Raises:
        FileNotFoundError: there is none.
    """
    with translate_os_errors(path):
        return cast(BinaryIO, io.BufferedReader(_TranslatedFile(str(path))))


class _TranslatedFile(io.FileIO):
    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        with translate_os_errors(str(self.name)):
            return super().readinto(buffer)

    def readall(self) -> bytes:
        with translate_os_errors(str(self.name)):
            return super().readall()
