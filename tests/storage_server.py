"""A real storage server for tests, empty or filled from a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from af3core.storage.bucket import BucketStore
from infra.local_buckets import VARIABLE, serving
from tests.servers import needs

BUCKET = "archive-tables"
BUCKET_PARAM = pytest.param("bucket", marks=pytest.mark.storage_server)
"""Of fixtures that give a place in a folder or in a bucket."""


@contextmanager
def found_at(address: str) -> Iterator[None]:
    """Clients of this process, and of those that it starts, take this server."""
    needs("storage_server")
    from af3core.storage.bucket_client import _client

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, address)
        _client.cache_clear()
        try:
            yield
        finally:
            _client.cache_clear()


@contextmanager
def bucket() -> Iterator[str]:
    """An empty bucket; gives its address."""
    with serving([BUCKET]) as address, found_at(address):
        yield f"gs://{BUCKET}"


@contextmanager
def bucket_with(folder: Path, files: Iterable[Path], prefix: str) -> Iterator[str]:
    """The files of a folder below a prefix of a bucket; gives its address."""
    with bucket():
        upload(folder, files, prefix)
        yield f"gs://{BUCKET}/{prefix}"


def upload(folder: Path, files: Iterable[Path], prefix: str) -> None:
    """Put files below a prefix."""
    store = BucketStore(BUCKET, f"{prefix}/")
    for path in files:
        if path.is_file():
            store.write(path.relative_to(folder).as_posix(), path.read_bytes())


def server_address() -> str:
    return os.environ[VARIABLE]
