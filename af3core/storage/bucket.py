"""A bucket of Google Cloud Storage, or a prefix of one, as a store.

Reads and writes are whole and verified (crc32c). Which of two writers wins is decided by the
bucket: generation preconditions (cloud.google.com/storage/docs/request-preconditions).
"""

from __future__ import annotations

import math
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, cast

from af3core.storage.bucket_client import (
    REQUESTS_OF_A_CALL,
    SCHEME,
    TIMEOUT_S,
    bucket_of,
    download,
    retry,
    translate_errors,
)
from af3core.storage.bucket_ranges import open_ranges
from af3core.storage.concurrency import map_concurrently
from af3core.storage.lease import ANY_ROOM, LEASE_S, Room, hold_lease, try_lease
from af3core.storage.store import ListedObject, StoredObject

if TYPE_CHECKING:
    from google.cloud.storage import Blob

UPLOAD_CHUNK_BYTES = 8 << 20
"""Larger objects are uploaded in chunks of this size, each tried again by itself."""
_WRITE_ID = "af3-write"
_CLOCK = "claims/clock"
"""Written to be told the bucket's time."""


@dataclass(frozen=True)
class ObjectState:
    """One state of an object, and its length."""

    generation: int
    size_bytes: int


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

        with translate_errors(self.address(key)):
            try:
                download(self._blob(key), buffer := BytesIO())
            except NotFound:
                return None
        return buffer.getvalue()

    def read_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return map_concurrently(self.read, keys)

    def open(self, key: str, stamp: str | None = None) -> BinaryIO:
        state = self.find_state(key)
        if stamp is not None and str(state.generation) != stamp:
            raise FileNotFoundError(self.address(key))
        return self.open_state(key, state)

    def find_state(self, key: str) -> ObjectState:
        """The object as it is now; nothing of it is read.

        Raises:
            FileNotFoundError: there is none.
        """
        found = self._get_blob(key)
        if found is None:
            raise FileNotFoundError(self.address(key))
        return ObjectState(int(found.generation), int(found.size))

    def open_state(self, key: str, state: ObjectState) -> BinaryIO:
        """One state of the object as a seekable file; what is read is fetched."""
        return open_ranges(self._blob(key, state.generation), state.size_bytes, self.address(key))

    @contextmanager
    def local_file(self, key: str, stamp: str | None = None) -> Iterator[BinaryIO]:
        with translate_errors(self.address(key)):
            temporary = tempfile.TemporaryFile(prefix="af3-")  # noqa: SIM115
        with temporary as file:
            self.fetch(key, cast(BinaryIO, file), int(stamp) if stamp else None)
            yield cast(BinaryIO, file)

    def fetch(self, key: str, file: BinaryIO, generation: int | None = None) -> None:
        """Download an object, or one generation of it, into a file; its position is then 0.

        Raises:
            FileNotFoundError: there is none.
        """
        from google.api_core.exceptions import NotFound

        with translate_errors(self.address(key)):
            try:
                download(self._blob(key, generation), file)
            except NotFound as error:
                raise FileNotFoundError(self.address(key)) from error

    def stamps(self, keys: Sequence[str]) -> list[str | None]:
        return [
            str(blob.generation) if blob else None
            for blob in map_concurrently(self._get_blob, keys)
        ]

    def write(self, key: str, data: bytes) -> None:
        with translate_errors(self.address(key)):
            self._upload(key, data, None, "")

    def create(self, key: str, data: bytes) -> bool:
        return self.replace(key, data, None) is not None

    def replace(self, key: str, data: bytes, expected: str | None) -> str | None:
        from google.api_core.exceptions import PreconditionFailed

        write_id = uuid.uuid4().hex
        with translate_errors(self.address(key)):
            try:
                return self._upload(key, data, int(expected or 0), write_id)
            except PreconditionFailed:
                # a first try may have arrived although its answer was lost
                there = self._get_blob(key)
                ours = there is not None and (there.metadata or {}).get(_WRITE_ID) == write_id
                return str(there.generation) if there is not None and ours else None

    def copy_state(self, key: str, stamp: str, copy: str) -> bool:
        from google.api_core.exceptions import NotFound

        source = self._blob(key, int(stamp))
        with translate_errors(self.address(copy)):
            token = None
            try:
                while True:
                    token, *_ = self._blob(copy).rewrite(
                        source, token=token, timeout=TIMEOUT_S, retry=retry()
                    )
                    if token is None:
                        return True
            except NotFound:
                return False

    def delete(self, key: str) -> None:
        self.release(key, None)

    def release(self, key: str, expected: str | None) -> bool:
        from google.api_core.exceptions import NotFound, PreconditionFailed

        generation = int(expected) if expected else None
        with translate_errors(self.address(key)):
            try:
                self._blob(key).delete(
                    if_generation_match=generation, timeout=TIMEOUT_S, retry=retry()
                )
            except (NotFound, PreconditionFailed):
                return False
        return True

    def exists(self, keys: Sequence[str]) -> list[bool]:
        return [blob is not None for blob in map_concurrently(self._get_blob, keys)]

    def children(self, prefix: str) -> list[str]:
        return sorted(self._key(blob) for blob in self._list_blobs(prefix, delimiter="/"))

    def folders(self, prefix: str) -> list[str]:
        with translate_errors(self.address(prefix)):
            pages = bucket_of(self.bucket).list_blobs(
                prefix=self.prefix + prefix,
                delimiter="/",
                fields="prefixes,nextPageToken",
                timeout=TIMEOUT_S,
                retry=retry(),
            )
            for _ in pages:  # prefixes come with the pages
                pass
            return sorted(str(name).removeprefix(self.prefix) for name in pages.prefixes)

    def walk(self, prefixes: Sequence[str]) -> Iterator[list[str]]:
        def below(prefix: str) -> list[str]:
            return sorted(self._key(blob) for blob in self._list_blobs(prefix))

        for first in range(0, len(prefixes), 4 * REQUESTS_OF_A_CALL):
            yield from map_concurrently(below, prefixes[first : first + 4 * REQUESTS_OF_A_CALL])

    def states(self, prefixes: Sequence[str]) -> dict[str, str]:
        return {key: listed.stamp for key, listed in self.listing(prefixes).items()}

    def listing(self, prefixes: Sequence[str]) -> dict[str, ListedObject]:
        def below(prefix: str) -> dict[str, ListedObject]:
            return {
                self._key(blob): ListedObject(str(blob.generation), int(blob.size))
                for blob in self._list_blobs(prefix, fields="name,generation,size")
            }

        found: dict[str, ListedObject] = {}
        for states in map_concurrently(below, prefixes):
            found |= states
        return found

    def stored(self, prefix: str) -> Iterator[StoredObject]:
        for blob in self._list_blobs(prefix, fields="name,generation,size,timeCreated"):
            made_s = blob.time_created.timestamp() if blob.time_created else math.inf
            yield StoredObject(self._key(blob), str(blob.generation), int(blob.size), made_s)

    def now_s(self) -> float:
        with translate_errors(self.address(_CLOCK)):
            clock = self._blob(_CLOCK)
            clock.upload_from_string(b"now", timeout=TIMEOUT_S, retry=retry())
        return float(clock.time_created.timestamp())

    def ages_s(self, prefix: str) -> dict[str, float]:
        made = {
            self._key(blob): blob.time_created
            for blob in self._list_blobs(prefix, fields="name,timeCreated")
        }
        now_s = self.now_s() if made else 0.0
        return {
            key: now_s - created.timestamp() if created else 0.0 for key, created in made.items()
        }

    def claim(self, key: str, room: Room = ANY_ROOM) -> AbstractContextManager[None]:
        return hold_lease(self, key, self.lease_s, room=room)

    def try_claim(self, key: str) -> AbstractContextManager[bool]:
        return try_lease(self, key, self.lease_s)

    def _key(self, blob: Blob) -> str:
        return str(blob.name).removeprefix(self.prefix)

    def _blob(self, key: str, generation: int | None = None) -> Blob:
        bucket = bucket_of(self.bucket)
        return bucket.blob(self.prefix + key, chunk_size=None, generation=generation)

    def _get_blob(self, key: str) -> Blob | None:
        with translate_errors(self.address(key)):
            return bucket_of(self.bucket).get_blob(
                self.prefix + key, timeout=TIMEOUT_S, retry=retry()
            )

    def _list_blobs(
        self, prefix: str, delimiter: str | None = None, fields: str = "name,generation"
    ) -> Iterator[Blob]:
        with translate_errors(self.address(prefix)):
            yield from bucket_of(self.bucket).list_blobs(
                prefix=self.prefix + prefix,
                delimiter=delimiter,
                fields=f"items({fields}),nextPageToken",
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
