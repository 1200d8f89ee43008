"""A checkpoint in a bucket, fetched once to this machine."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from af3core.errors import ConfigurationError

BUCKET_SCHEME = "gs://"
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
    """
    try:
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError
    except ImportError as error:
        raise ConfigurationError(
            f"--model {address}: a bucket needs pip install 'af3-archive[gcs]'"
        ) from error
    try:
        blobs = _listed(address, wanted)
        if "config.json" not in blobs:
            raise ConfigurationError(f"--model {address}: there is no config.json")
        revision = _revision(blobs)
        chosen = {name: blob for name, blob in blobs.items() if _matches_any(name, fetched)}
        whole = len(chosen) == len(blobs)
        return revision, _fetched(chosen, revision if whole else f"{revision}-{len(chosen)}")
    except (GoogleAPIError, GoogleAuthError, OSError) as error:
        raise ConfigurationError(
            f"--model {address}: cannot be fetched ({type(error).__name__}: {error})"
        ) from error


def _listed(address: str, wanted: Sequence[str]) -> dict[str, Any]:
    """The wanted objects by their names below the address."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    bucket, _, prefix = address.removeprefix(BUCKET_SCHEME).partition("/")
    prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    emulated = bool(os.environ.get("STORAGE_EMULATOR_HOST"))
    client = (
        storage.Client(project="none", credentials=AnonymousCredentials())
        if emulated
        else storage.Client()
    )
    named = {
        blob.name.removeprefix(prefix): blob for blob in client.list_blobs(bucket, prefix=prefix)
    }
    return {name: blob for name, blob in sorted(named.items()) if _matches_any(name, wanted)}


def _matches_any(name: str, patterns: Sequence[str]) -> bool:
    return any(
        name.count("/") == pattern.count("/") and fnmatch.fnmatch(name, pattern)
        for pattern in patterns
    )


def _revision(blobs: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for name, blob in blobs.items():
        digest.update(f"{name} {blob.crc32c} {blob.size}\n".encode())
    return digest.hexdigest()[:16]


def _fetched(blobs: dict[str, Any], name_here: str) -> Path:
    folder = CACHE.expanduser() / name_here
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        arriving = Path(temporary) / folder.name
        for name, blob in blobs.items():
            (arriving / name).parent.mkdir(parents=True, exist_ok=True)
            blob.download_to_filename(arriving / name, checksum="crc32c")
        try:
            arriving.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process may have been faster
                raise
    return folder
