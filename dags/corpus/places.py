"""Where recordings and tables lie, as the processes of every machine find it."""

from __future__ import annotations

from pathlib import PurePosixPath

from af3core.errors import ConfigurationError
from af3core.storage.bucket_client import SCHEME

PATTERN = f"^(/|{SCHEME})"
"""Of an address that means the same in every process, as JSON Schema has it."""


def check_place(key: str, address: str) -> None:
    """A folder is absolute: a relative one lies below whatever folder a process began in.

    Raises:
        ConfigurationError: it is relative, or of another scheme.
    """
    if not (address.startswith(SCHEME) or PurePosixPath(address).is_absolute()):
        raise ConfigurationError(
            f"{key} {address!r} is no absolute path: it would lie below the folder that Airflow"
            f" was started in; write /FOLDER or {SCHEME}BUCKET/PREFIX"
        )
