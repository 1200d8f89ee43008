"""Files that a user names to be written: looked at before any work."""

from __future__ import annotations

import os
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.storage.address import is_bucket
from schemas.layout import OUTPUT_FOLDERS


def check_file_to_write(option: str, address: str) -> None:
    """Raise where a file cannot be replaced whole at an address, or must not be.

    A rename would put a file in the place of a device or a pipe, for every process of the machine.

    Args:
        option: that names it.
        address: of the file, or of an object.

    Raises:
        ConfigurationError: its folder does not exist, or something lies there that is no file.
    """
    if is_bucket(address):
        return
    path = Path(address).absolute()
    if not path.parent.is_dir():
        raise ConfigurationError(f"{option} {address}: its folder does not exist; make it")
    if path.is_dir():
        raise ConfigurationError(f"{option} {address}: that is a folder; name a file")
    if path.exists() and not path.is_file():
        raise ConfigurationError(
            f"{option} {address}: that is a device or a pipe, and no file; name a file"
        )


def check_beside_results(option: str, address: str, out: str) -> None:
    """Raise where a file would lie among the results of an output, and could replace one.

    Raises:
        ConfigurationError: it would.
    """
    place, root = _place(address), _place(out)
    for folder in OUTPUT_FOLDERS:
        if place.startswith(f"{root}/{folder}/"):
            raise ConfigurationError(
                f"{option} {address}: that lies among the results in {out}; name another folder"
            )


def _place(address: str) -> str:
    return address.rstrip("/") if is_bucket(address) else os.path.realpath(address)
