"""A bucket of Google Cloud Storage, or a prefix of one, as a store.

Reads and writes are whole and verified (crc32c). Which of two writers wins is decided by the
bucket: generation preconditions (cloud.google.com/storage/docs/request-preconditions).
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, cast

from af3core.storage.at_once import at_once
from af3core.storage.bucket_client import (
    CONNECTIONS,
    SCHEME,
    TIMEOUT_S,
    bucket_of,
    download,
    named_errors,
    retry,
)
from af3core.storage.lease import LEASE_S, held

if TYPE_CHECKING:
    from google.cloud.storage import Blob

UPLOAD_CHUNK_BYTES = 8 << 20
"""Larger objects are uploaded in chunks of this size, each tried again by itself."""
RANGE_BYTES = 1 << 20
"""How much a seekable file fetches at once."""
_WRITE_ID = "af3-write"


@dataclass(frozen=True)
class BucketStore:
    """Objects below `gs://BUCKET/PREFIX`; the prefix is empty or ends in a slash.

    `lease_s` is how long a claim outlives its holder.
    """

    bucket: str
    prefix: str
    lease_s: float = LEASE_S

    def address(self, key: str) -> str:
        return f"{SCHEME}{self.bucket}/{self.prefix}{key}"

    def read(self, key: str) -> bytes | None:
        from google.api_core.exceptions import NotFound

        with named_errors(self.address(key)):
            try:
                download(self._blob(key), buffer := BytesIO())
            except NotFound:
                return None
        return buffer.getvalue()

    def read_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return at_once(self.read, keys)

    def open(self, key: str) -> BinaryIO:
        if self._found(key) is None:
            raise FileNotFoundError(self.address(key))
        blob = self._blob(key)
        with named_errors(self.address(key)):
            return cast(
                BinaryIO, blob.open("rb", chunk_size=RANGE_BYTES, timeout=TIMEOUT_S, retry=retry())
            )

    @contextmanager
    def local_file(self, key: str) -> Iterator[BinaryIO]:
        with tempfile.TemporaryFile(prefix="af3-") as file:
            self.fetch(key, cast(BinaryIO, file))
            yield cast(BinaryIO, file)

    def fetch(self, key: str, file: BinaryIO, generation: int | None = None) -> None:
        """Download an object, or one generation of it, into a file; its position is then 0.

        Raises:
            FileNotFoundError: there is none.
        """
        from google.api_core.exceptions import NotFound

        with named_errors(self.address(key)):
            try:
                download(self._blob(key, generation), file)
            except NotFound as error:
                raise FileNotFoundError(self.address(key)) from error

    def stamps(self, keys: Sequence[str]) -> list[str | None]:
        return [str(blob.generation) if blob else None for blob in at_once(self._found, keys)]

    def write(self, key: str, data: bytes) -> None:
        with named_errors(self.address(key)):
            self._upload(key, data, None, "")

    def create(self, key: str, data: bytes) -> bool:
        return self.replace(key, data, None) is not None

    def replace(self, key: str, data: bytes, expected: str | None) -> str | None:
        from google.api_core.exceptions import PreconditionFailed

        write_id = uuid.uuid4().hex
        with named_errors(self.address(key)):
            try:
                return self._upload(key, data, int(expected or 0), write_id)
            except PreconditionFailed:
                # a first try may have arrived although its answer was lost
                there = self._found(key)
                ours = there is not None and (there.metadata or {}).get(_WRITE_ID) == write_id
                return str(there.generation) if there is not None and ours else None

    def delete(self, key: str) -> None:
        self.release(key, None)

    def release(self, key: str, expected: str | None) -> None:
        """Remove the object, or only the state of it that the stamp names."""
        from google.api_core.exceptions import NotFound, PreconditionFailed

        generation = int(expected) if expected else None
        with named_errors(self.address(key)):
            try:
                self._blob(key).delete(
                    if_generation_match=generation, timeout=TIMEOUT_S, retry=retry()
                )
            except (NotFound, PreconditionFailed):
                return

    def exists(self, keys: Sequence[str]) -> list[bool]:
        return [blob is not None for blob in at_once(self._found, keys)]

    def children(self, prefix: str) -> list[str]:
        return sorted(self._key(blob) for blob in self._listed(prefix, delimiter="/"))

    def walk(self, prefixes: Sequence[str]) -> Iterator[list[str]]:
        def below(prefix: str) -> list[str]:
            return sorted(self._key(blob) for blob in self._listed(prefix))

        for first in range(0, len(prefixes), 4 * CONNECTIONS):
            yield from at_once(below, prefixes[first : first + 4 * CONNECTIONS])

    def states(self, prefixes: Sequence[str]) -> dict[str, str]:
        def below(prefix: str) -> dict[str, str]:
            return {self._key(blob): str(blob.generation) for blob in self._listed(prefix)}

        found: dict[str, str] = {}
        for states in at_once(below, prefixes):
            found |= states
        return found

    def claim(self, key: str) -> AbstractContextManager[None]:
        return held(self, key, self.lease_s)

    def _key(self, blob: Blob) -> str:
        return str(blob.name).removeprefix(self.prefix)

    def _blob(self, key: str, generation: int | None = None) -> Blob:
        bucket = bucket_of(self.bucket)
        return bucket.blob(self.prefix + key, chunk_size=None, generation=generation)

    def _found(self, key: str) -> Blob | None:
        with named_errors(self.address(key)):
            return bucket_of(self.bucket).get_blob(
                self.prefix + key, timeout=TIMEOUT_S, retry=retry()
            )

    def _listed(self, prefix: str, delimiter: str | None = None) -> Iterator[Blob]:
        with named_errors(self.address(prefix)):
            yield from bucket_of(self.bucket).list_blobs(
                prefix=self.prefix + prefix,
                delimiter=delimiter,
                fields="items(name,generation),nextPageToken",
                timeout=TIMEOUT_S,
                retry=retry(),
            )

    def _upload(self, key: str, data: bytes, generation: int | None, write_id: str) -> str:
        blob = self._blob(key)
        blob.chunk_size = UPLOAD_CHUNK_BYTES if len(data) > UPLOAD_CHUNK_BYTES else None
        blob.metadata = {_WRITE_ID: write_id} if write_id else None
        blob.upload_from_file(
            BytesIO(data),
            rewind=True,
            size=len(data),
            if_generation_match=generation,
            checksum="crc32c",
            timeout=TIMEOUT_S,
            retry=retry(),
        )
        return str(blob.generation)
