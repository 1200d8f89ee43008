"""The index as files: in a folder where it lies, or out of a bucket into a folder of this machine.

The files of an index are never changed once they are written, so that a copy is brought up to date
by fetching the new ones; the state object, replaced last, says which files make the index.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from af3core.errors import ConfigurationError, StorageError
from af3core.installation import install_command
from af3core.storage.concurrency import map_concurrently
from af3core.storage.folder import FolderStore
from af3core.storage.store import Store
from beam_jobs.search.index_state import IndexState, state_stamp
from beam_jobs.search.lancedb_import import import_lancedb
from schemas import layout
from schemas.identity import configuration_hash

CACHE = Path("~/.cache/af3-archive/indexes")
"""Where copies of indexes in buckets lie."""
_LARGE_BYTES = 32 << 20
"""Larger files are sent one after another: each is held in memory."""
_MARKS = ".left"
_LEFT_S = 3600.0
"""How long a file that is no longer of the index stays in the copy: another process reads it."""


def index_folder(store: Store, state: IndexState) -> Path:
    """The index in a folder of this machine, as the state says; what a copy lacks is fetched.

    Raises:
        FileNotFoundError: a file is gone: the index was replaced meanwhile, read the state again.
    """
    if isinstance(store, FolderStore):
        return store.root / layout.index_prefix(state.token)
    root = CACHE.expanduser() / configuration_hash(store.address(""))
    folder = root / state.token
    _fetch(store, state, folder)
    _forget(root, {str(folder / name) for name in state.files})
    return folder


def can_open_indexes() -> bool:
    """Whether LanceDB is installed. Imports nothing."""
    return importlib.util.find_spec("lancedb") is not None


def open_database(folder: Path) -> Any:
    """LanceDB's database in a folder of this machine.

    Raises:
        ConfigurationError: LanceDB is not installed.
    """
    # its warnings about its own coming changes are no one's business here
    os.environ.setdefault("LANCE_LOG", "error")
    warnings.filterwarnings("ignore", r"optimize\(cleanup_older_than=0\)")
    try:
        lancedb = import_lancedb()
    except ImportError as error:
        raise ConfigurationError(f"the index needs lancedb: {install_command('search')}") from error
    return lancedb.connect(str(folder))


@contextmanager
def working_copy(store: Store, state: IndexState) -> Iterator[Path]:
    """A folder to change the index in: its own, or a copy that `publish_files` sends back."""
    if isinstance(store, FolderStore):
        yield store.root / layout.index_prefix(state.token)
        return
    with tempfile.TemporaryDirectory(prefix="af3-index-") as folder:
        held = index_folder(store, state) if state.files else None
        for name in state.files:
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _link(Path(str(held)) / name, path)
        yield Path(folder)


def publish_files(store: Store, folder: Path, earlier: IndexState) -> tuple[str, ...]:
    """Send new files of a working copy to the bucket; gives the names of all.

    An index in a folder is where it belongs already.
    """
    if isinstance(store, FolderStore):
        return ()
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    prefix = layout.index_prefix(earlier.token)
    known = set(earlier.files)

    def send(name: str) -> None:
        store.write(prefix + name, (folder / name).read_bytes())

    new = [name for name in names if name not in known]
    large = {name for name in new if (folder / name).stat().st_size > _LARGE_BYTES}
    map_concurrently(send, [name for name in new if name not in large])
    for name in sorted(large):
        send(name)
    return tuple(names)


def sweep(store: Store, state: IndexState, stamp: str) -> None:
    """Remove what is neither of this index nor of the one before it, if it is still the index.

    Args:
        stamp: of the state, as this run has written it.
    """
    if isinstance(store, FolderStore):
        root = store.root / layout.index_prefix(state.token)
        for other in root.parent.iterdir() if root.parent.is_dir() else ():
            if other.name != root.name:
                shutil.rmtree(other, ignore_errors=True)
        return
    prefix = layout.index_prefix(state.token)
    kept = {prefix + name for name in (*state.files, *state.retired)}
    [held] = store.walk(["indexes/search/"])
    if state_stamp(store) != stamp:
        return  # of what is listed, some may be the next one's
    map_concurrently(store.delete, [key for key in held if key not in kept])


def _fetch(store: Store, state: IndexState, folder: Path) -> None:
    """What makes a version known comes last: a reader beside us sees old or new."""
    missing = [name for name in state.files if not (folder / name).is_file()]
    versions = [name for name in missing if "/_versions/" in name]
    prefix = layout.index_prefix(state.token)

    def fetch(name: str) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
        try:
            with store.local_file(prefix + name) as source, part.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    map_concurrently(fetch, [name for name in missing if name not in versions])
    map_concurrently(fetch, versions)


def _forget(root: Path, kept: set[str]) -> None:
    """Drop what the copy no longer needs, once nobody can be reading it.

    A mark says since when a file is needed no longer, by the file system's own time.
    """
    marks = root / _MARKS
    marks.mkdir(exist_ok=True)
    now_s = FolderStore(marks, writing="").now_s()
    for path in root.rglob("*"):
        if path.parent == marks or not path.is_file():
            continue
        mark = marks / quote(path.relative_to(root).as_posix(), safe="")
        with contextlib.suppress(OSError):
            if str(path) in kept:
                mark.unlink(missing_ok=True)
            elif not mark.exists():
                mark.touch()
            elif now_s - mark.stat().st_mtime > _LEFT_S:
                path.unlink()
                mark.unlink()


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            raise StorageError(f"{target.parent}: no room for the index ({error})") from error
