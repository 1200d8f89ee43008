"""A store, one object or its text, by the address that a person gives: a folder's path or gs://…"""

from __future__ import annotations

import os
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.storage.bucket import BucketStore
from af3core.storage.bucket_client import SCHEME, split_address
from af3core.storage.folder import FolderStore
from af3core.storage.store import Store
from af3core.strict_yaml import read_text


def is_bucket(address: str) -> bool:
    """True for gs://….

    Raises:
        ConfigurationError: another scheme.
    """
    if "://" in address and not address.startswith(SCHEME):
        raise ConfigurationError(f"{address}: give a folder, or gs://BUCKET/PREFIX")
    return address.startswith(SCHEME)


def open_store(address: str) -> Store:
    """The store at an address; a folder is made where it is missing.

    Raises:
        ConfigurationError: it cannot be made or written.
    """
    if is_bucket(address):
        return BucketStore(*split_address(address))
    root = Path(address).absolute()
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"--out {address}: {error.strerror}") from error
    if not os.access(root, os.W_OK):
        raise ConfigurationError(f"--out {address}: this folder cannot be written to")
    return FolderStore(root)


def store_at(address: str) -> Store:
    """The store at an address for reading; nothing is made, a missing folder is an empty store."""
    if is_bucket(address):
        return BucketStore(*split_address(address))
    return FolderStore(Path(address).absolute())


def split_object(address: str) -> tuple[Store, str]:
    """The store around one object, and the object's key in it."""
    if is_bucket(address):
        bucket, prefix = split_address(address)
        folder, _, name = prefix.rstrip("/").rpartition("/")
        if not name:
            raise ConfigurationError(f"{address}: names a bucket, not an object in it")
        return BucketStore(bucket, f"{folder}/" if folder else ""), name
    path = Path(address).absolute()
    return FolderStore(path.parent, writing=""), path.name


def read_text_at(address: str, what: str) -> str:
    """The text of a file or of an object of a bucket; `what` names its kind for the error.

    Raises:
        ConfigurationError: it cannot be read.
    """
    if not is_bucket(address):
        return read_text(Path(address), what)
    store, key = split_object(address)
    data = store.read(key)
    if data is None:
        raise ConfigurationError(f"{address}: there is no such object")
    return data.decode("utf-8", errors="replace")
