"""An object of a bucket as a seekable file: what is read is fetched, in one state of the object."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, BinaryIO, cast

from af3core.errors import StorageError
from af3core.storage.bucket_client import download_range, translate_errors

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from google.cloud.storage import Blob

RANGE_BYTES = 1 << 20
"""How much is fetched at once, at least."""


class ReplacedWhileRead(StorageError, FileNotFoundError):
    """The state of the object that is read is gone."""


def open_ranges(blob: Blob, size: int, address: str) -> BinaryIO:
    """The object of so many bytes in the generation that the blob names.

    Each part comes whole: its length is verified. A checksum there is of the whole object alone, so
    that what must be sure of each byte reads it whole, or checks its own.
    """
    return cast(BinaryIO, io.BufferedReader(_Ranges(blob, size, address), RANGE_BYTES))


class _Ranges(io.RawIOBase):
    def __init__(self, blob: Blob, size: int, address: str) -> None:
        super().__init__()
        self._blob, self._size, self._address = blob, size, address
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        count = min(len(view), self._size - self._position)
        if count <= 0:
            return 0
        view[:count] = self._fetch(count)
        self._position += count
        return count

    def readall(self) -> bytes:
        count = max(0, self._size - self._position)
        data = self._fetch(count) if count else b""
        self._position += count
        return data

    def _fetch(self, count: int) -> bytes:
        from google.api_core.exceptions import NotFound

        with translate_errors(self._address):
            try:
                return download_range(self._blob, self._position, count)
            except NotFound as error:
                raise ReplacedWhileRead(
                    f"{self._address}: replaced while it was read; run it again"
                ) from error
