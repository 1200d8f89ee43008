"""A folder whose disk is full, read-only, refused, or short of descriptors: one line with the
remedy, nothing partial, and the next attempt goes through.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from af3core.errors import AccessDenied, StorageError
from af3core.storage.folder import UNFINISHED, FolderStore

NOBODY = 65534
IN_A_LIMIT = """
import os, resource, sys
from pathlib import Path
from af3core.errors import StorageError
from af3core.storage.folder import FolderStore

store = FolderStore(Path(sys.argv[1]))
limit, most = getattr(resource, sys.argv[2]), int(sys.argv[3])
store.write("ledger/held", b"held")
hard = resource.getrlimit(limit)[1]
resource.setrlimit(limit, (most, hard))
kept = []
try:
    while limit == resource.RLIMIT_NOFILE:
        kept.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
for attempt in (
    lambda: store.read("ledger/held"),
    lambda: store.open("ledger/held"),
    lambda: store.stamps(["ledger/held"]),
    lambda: store.children("ledger/"),
    lambda: list(store.walk(["ledger/"])),
    lambda: store.states(["ledger/"]),
    lambda: store.write("ledger/new", b"x" * 100_000),
    lambda: store.create("ledger/new", b"x" * 100_000),
    lambda: store.claim("claims/annotate/abc").__enter__(),
):
    try:
        attempt()
        print("done")
    except StorageError as error:
        print(error)
resource.setrlimit(limit, (hard, hard))
for descriptor in kept:
    os.close(descriptor)
assert store.create("ledger/new", b"x" * 100_000)
"""


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """A file system in memory at a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount on this machine")
    if done.returncode:
        pytest.skip(f"this user may mount nothing: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Rights count: root has them all."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can reach."""
    with tempfile.TemporaryDirectory(prefix="af3-test-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def leftovers(root: Path) -> list[Path]:
    return list(root.rglob(f"{UNFINISHED}*"))


def test_a_full_disk_is_said_and_nothing_partial_stays(tmp_path: Path) -> None:
    root = tmp_path / "out"
    with mounted(root, "size=256k"):
        store = FolderStore(root)
        store.write("ledger/old", b"old")
        [stamp] = store.stamps(["ledger/old"])
        attempts: list[Callable[[], object]] = [
            lambda: store.write("ledger/new", b"x" * (1 << 20)),
            lambda: store.create("ledger/new", b"x" * (1 << 20)),
            lambda: store.replace("ledger/old", b"x" * (1 << 20), stamp),
        ]
        for attempt in attempts:
            with pytest.raises(
                StorageError, match=r"the disk is full; make room and run"
            ) as caught:
                attempt()
            assert str(caught.value).startswith(f"{root}/ledger/")
            assert not caught.value.permanent
        assert store.read("ledger/old") == b"old"
        assert list(store.walk(["ledger/"])) == [["ledger/old"]]
        assert leftovers(root) == []
        assert store.create("ledger/new", b"x" * 1000)


def test_a_read_only_file_system_is_said(tmp_path: Path) -> None:
    root = tmp_path / "out"
    with mounted(root, "size=256k", "ro"):
        store = FolderStore(root)
        with pytest.raises(StorageError, match=r"out/ledger/k: this file system is read-only"):
            store.write("ledger/k", b"data")
        with pytest.raises(StorageError, match="this file system is read-only"):
            store.create("ledger/k", b"data")
        assert store.read("ledger/k") is None


def test_a_folder_on_another_disk_is_written_too(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with mounted(tmp_path / "tables", "size=256k"):
        store.write("tables/captions/k", b"data")
        assert store.create("tables/captions/new", b"data")
        assert store.read("tables/captions/k") == b"data"
        assert leftovers(tmp_path) == []


@pytest.mark.parametrize("right", [0o000, 0o444, 0o555])
def test_missing_rights_are_no_absence(open_folder: Path, right: int) -> None:
    store = FolderStore(open_folder)
    store.write("ledger/a/k", b"data")
    os.chmod(open_folder / "ledger" / "a", right)
    refused = f"{open_folder}/.*: permission denied; give this user the right"
    with as_nobody():
        with pytest.raises(AccessDenied, match=refused):
            store.write("ledger/a/new", b"data")
        with pytest.raises(AccessDenied, match=refused):
            store.delete("ledger/a/k")
        if right != 0o555:
            with pytest.raises(AccessDenied, match=refused):
                store.read("ledger/a/k")
            with pytest.raises(AccessDenied, match=refused):
                store.exists(["ledger/a/k"])
            with pytest.raises(AccessDenied, match=refused):
                store.stamps(["ledger/a/k"])
        if right == 0o000:
            with pytest.raises(AccessDenied, match=refused):
                list(store.walk(["ledger/"]))
            with pytest.raises(AccessDenied, match=refused):
                store.children("ledger/a/")
            with pytest.raises(AccessDenied, match=refused):
                store.states(["ledger/"])
    os.chmod(open_folder / "ledger" / "a", 0o755)
    assert store.read("ledger/a/k") == b"data"


def test_a_folder_of_another_user_that_may_be_written_is_written(open_folder: Path) -> None:
    """The temporary files' folder is the first user's; the object's is everybody's."""
    store = FolderStore(open_folder)
    store.write("tables/k", b"data")
    os.chmod(open_folder / "tables", 0o777)
    with as_nobody():
        store.write("tables/new", b"data")
    assert store.read("tables/new") == b"data"
    assert leftovers(open_folder) == []


def in_a_limit(root: Path, limit: str, most: int) -> list[str]:
    command = [sys.executable, "-c", IN_A_LIMIT, str(root), limit, str(most)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_no_more_descriptors_are_said_by_every_access(tmp_path: Path) -> None:
    lines = in_a_limit(tmp_path, "RLIMIT_NOFILE", 40)
    assert len(lines) == 9
    for line in lines:
        assert line.startswith(str(tmp_path))
        assert "this process has no more files to open; raise ulimit -n and run it again" in line
    assert leftovers(tmp_path) == []


def test_a_limit_of_size_is_said(tmp_path: Path) -> None:
    lines = in_a_limit(tmp_path, "RLIMIT_FSIZE", 50_000)
    larger = f"{tmp_path}/ledger/new: larger than this process may write; raise ulimit -f"
    assert lines[:6] == ["done"] * 6
    assert [line.startswith(larger) for line in lines[6:]] == [True, True, False]
    assert leftovers(tmp_path) == []


def test_a_folder_in_an_objects_place_is_no_object(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write("a/b", b"data")
    assert store.read("a") is None
    assert store.read("a/b/c") is None
    assert store.stamps(["a", "a/b/c"]) == [None, None]
    assert store.children("a/b/") == []
    with pytest.raises(FileNotFoundError):
        store.open("a")
    with pytest.raises(StorageError, match="a/b/c: "):
        store.write("a/b/c", b"data")
