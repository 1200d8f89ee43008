"""A checkpoint in a bucket, fetched once to this machine."""

from __future__ import annotations

import fnmatch
import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from af3core.errors import ConfigurationError
from af3core.storage.bucket_client import (
    TIMEOUT_S,
    bucket_of,
    download,
    retry,
    split_address,
    translate_errors,
)
from af3core.storage.concurrency import map_concurrently

if TYPE_CHECKING:
    from google.cloud.storage import Blob

CACHE = Path("~/.cache/af3-archive/checkpoints")


def fetch_from_bucket(
    address: str, wanted: Sequence[str], fetched: Sequence[str]
) -> tuple[str, Path]:
    """The revision of a checkpoint of gs://BUCKET/PREFIX, and the folder that holds it here.

    A revision is made from the objects' checksums: a changed checkpoint is another folder, an
    unchanged one is not fetched again. Checksums are verified while fetching.

    Args:
        address: of the checkpoint's folder.
        wanted: patterns of the files that make the checkpoint, relative to it.
        fetched: patterns of those that are needed here.

    Raises:
        ConfigurationError: nothing is there, or it cannot be read.
        StorageError: no answer in the time for trying again.
    """
    with translate_errors(f"--model {address}"):
        blobs = _listed(address, wanted)
        if "config.json" not in blobs:
            raise ConfigurationError(f"--model {address}: there is no config.json")
        revision = _revision(blobs)
        chosen = {name: blob for name, blob in blobs.items() if _matches_any(name, fetched)}
        is_all = len(chosen) == len(blobs)
        return revision, _fetched(chosen, revision if is_all else f"{revision}-{len(chosen)}")


def _listed(address: str, wanted: Sequence[str]) -> dict[str, Blob]:
    """The wanted objects by their names below the address."""
    bucket, prefix = split_address(address)
    blobs = bucket_of(bucket).list_blobs(prefix=prefix, timeout=TIMEOUT_S, retry=retry())
    named = {blob.name.removeprefix(prefix): blob for blob in blobs}
    return {name: blob for name, blob in sorted(named.items()) if _matches_any(name, wanted)}


def _matches_any(name: str, patterns: Sequence[str]) -> bool:
    return any(
        name.count("/") == pattern.count("/") and fnmatch.fnmatch(name, pattern)
        for pattern in patterns
    )


def _revision(blobs: dict[str, Blob]) -> str:
    digest = hashlib.sha256()
    for name, blob in blobs.items():
        digest.update(f"{name} {blob.crc32c} {blob.size}\n".encode())
    return digest.hexdigest()[:16]


def _fetched(blobs: dict[str, Blob], name_here: str) -> Path:
    folder = CACHE.expanduser() / name_here
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        arriving = Path(temporary) / folder.name

        def fetch(name: str) -> None:
            path = arriving / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w+b") as file:
                download(blobs[name], file)

        map_concurrently(fetch, list(blobs))
        try:
            arriving.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process may have been faster
                raise
    return folder
