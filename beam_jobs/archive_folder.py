"""The files of a folder, as a bucket's listing would give them."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from pathlib import Path

from af3core.storage.listing import ListedObject


def list_folder(root: Path, unreadable: list[str]) -> Iterator[ListedObject]:
    """The files below a folder, or the one file, in the order of their paths; hidden ones are left
    out. Folders that cannot be listed are added to `unreadable`.
    """
    if root.is_file():
        yield _listed(root, root.name)
        return

    def note(error: OSError) -> None:
        unreadable.append(str(error.filename))

    for folder, subfolders, names in os.walk(root, onerror=note):
        subfolders[:] = sorted(s for s in subfolders if not s.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if not name.startswith(".") and path.exists():
                yield _listed(path, str(path.relative_to(root)))


def _listed(path: Path, name: str) -> ListedObject:
    status = path.stat()
    return ListedObject(
        uri=str(path),
        name=name,
        generation="",
        size_bytes=status.st_size,
        updated=datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC),
    )
