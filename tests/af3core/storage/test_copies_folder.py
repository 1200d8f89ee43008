"""Folders for copies of objects: gone with their process, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from af3core.storage.copies_folder import CopiesFolder, remove_dead_copies

HOLDER = """
import sys, time
from pathlib import Path
from af3core.storage.copies_folder import CopiesFolder

folder = CopiesFolder()
Path(folder.name, "recording.wav").write_bytes(b"sound")
print(folder.name, flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def make_old(folder: Path) -> None:
    os.utime(folder, (0, 0))


def test_a_folder_is_gone_with_its_object(temporary: Path) -> None:
    with CopiesFolder() as name:
        Path(name, "a").write_bytes(b"a")
        assert [path.name for path in temporary.iterdir()] == [Path(name).name]
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_nothing_else(temporary: Path) -> None:
    holders = [
        subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        folders = [Path((holder.stdout or sys.stdin).readline().strip()) for holder in holders]
        (temporary / "af3-other").mkdir()
        for folder in temporary.iterdir():
            make_old(folder)
        assert remove_dead_copies() == 0
        os.kill(holders[0].pid, signal.SIGKILL)
        holders[0].wait()
        with CopiesFolder() as own:
            make_old(Path(own))
            assert remove_dead_copies() == 1
            assert Path(own).is_dir()
        assert [folder.is_dir() for folder in folders] == [False, True]
        assert (temporary / "af3-other").is_dir()
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()


def test_a_new_folder_may_not_be_locked_yet(temporary: Path) -> None:
    folder = temporary / "af3-copies-new"
    folder.mkdir()
    assert remove_dead_copies() == 0
    make_old(folder)
    assert remove_dead_copies() == 1
