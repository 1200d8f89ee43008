"""Texts that a person wrote, from a file or from an object of a bucket."""

from __future__ import annotations

from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.storage.address import is_bucket, split_object
from af3core.strict_yaml import read_text


def read_text_at(address: str, what: str) -> str:
    """The text at a path or a gs:// address; `what` names its kind for the error.

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
