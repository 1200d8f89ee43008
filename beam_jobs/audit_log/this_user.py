"""Who runs a command, where it names nobody."""

from __future__ import annotations

import getpass
import os


def this_user() -> str:
    """The name of the operating system's user; its number where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
