"""What killed processes leave in a folder is swept; what living ones need stays."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from af3core.storage.abandoned import SAFE_AGE_S, remove_abandoned
from af3core.storage.file_lock import hold_file_lock
from af3core.storage.folder import LOCKS, UNFINISHED, FolderStore
from af3core.storage.holder import Holder, this_process

DEADLINE_S = 120
KILLED = """
import os, sys, time
from pathlib import Path
from af3core.storage.folder import FolderStore

def stay(*_):
    print("ready", flush=True)
    time.sleep(600)

store = FolderStore(Path(sys.argv[1]))
with store.claim("claims/annotate/abc"):
    os.replace = stay
    store.create("ledger/annotate/k.json", b"data")
"""


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def make_older(path: Path, by_s: float) -> Path:
    then = path.stat().st_mtime - by_s
    os.utime(path, (then, then))
    return path


def temporary(store: FolderStore, age_s: float, folder: str = ".writing") -> Path:
    path = store.root / folder / f"{UNFINISHED}{age_s:g}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half of i")
    return make_older(path, age_s)


def files_in(root: Path) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def test_a_killed_writer_leaves_nothing_that_the_next_job_does_not_sweep(
    store: FolderStore,
) -> None:
    command = [sys.executable, "-c", KILLED, str(store.root)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    assert remove_abandoned(store) == 0
    writer.kill()
    writer.wait(DEADLINE_S)
    [left] = (store.root / ".writing").iterdir()
    assert list(store.walk([""])) == [["claims/annotate/abc", *locks(store)]]
    make_older(left, SAFE_AGE_S + 1)
    assert remove_abandoned(store) == 3
    assert files_in(store.root) == []


def locks(store: FolderStore) -> list[str]:
    return [LOCKS + path.name for path in (store.root / LOCKS).iterdir()]


def test_young_files_stay(store: FolderStore) -> None:
    old, young = temporary(store, SAFE_AGE_S + 5), temporary(store, SAFE_AGE_S - 60)
    assert remove_abandoned(store) == 1
    assert (old.exists(), young.exists()) == (False, True)


def test_files_that_are_younger_than_the_oldest_living_claim_stay(store: FolderStore) -> None:
    elsewhere = Holder("another-host", 1, held_s=5000.0)
    store.write("claims/annotate/abc", elsewhere.to_bytes())
    older, younger = temporary(store, 5060), temporary(store, 4000)
    assert remove_abandoned(store) == 1
    assert (older.exists(), younger.exists()) == (False, True)
    make_older(store.root / "claims/annotate/abc", SAFE_AGE_S + 5)
    assert remove_abandoned(store) == 2
    assert files_in(store.root) == []


def test_a_claim_of_a_dead_process_of_this_machine_goes_at_once(store: FolderStore) -> None:
    here = this_process()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(DEADLINE_S)
    dead = dataclasses.replace(here, process=ended.pid)
    store.write("claims/annotate/dead", dead.to_bytes())
    store.write("claims/annotate/reused", dataclasses.replace(here, started="1").to_bytes())
    store.write("claims/annotate/far", dataclasses.replace(dead, machine="x/1").to_bytes())
    store.write("claims/annotate/here", here.to_bytes())
    assert remove_abandoned(store) == 2
    assert files_in(store.root) == ["claims/annotate/far", "claims/annotate/here"]


def test_a_lock_that_is_held_stays(store: FolderStore) -> None:
    held, left = store.root / LOCKS / "held", store.root / LOCKS / "left"
    left.parent.mkdir(parents=True)
    left.touch()
    with hold_file_lock(held):
        assert remove_abandoned(store) == 1
        assert files_in(store.root) == [f"{LOCKS}held"]


def test_a_machine_whose_clock_is_wrong_removes_what_it_should(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, young = temporary(store, SAFE_AGE_S + 5), temporary(store, 5)
    for wrong_by_s in (86_400.0, -86_400.0):
        monkeypatch.setattr(time, "time", lambda by=wrong_by_s: 1.8e9 + by)
        remove_abandoned(store)
    assert (old.exists(), young.exists()) == (False, True)


def test_what_an_earlier_release_left_beside_manifests_goes(store: FolderStore) -> None:
    store.write("manifests/corpus=c/date=2026-11-21.json", b"{}")
    temporary(store, SAFE_AGE_S + 5, "manifests/corpus=c")
    assert remove_abandoned(store) == 1
    assert files_in(store.root) == ["manifests/corpus=c/date=2026-11-21.json"]


def test_the_ledger_is_not_looked_through(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        store.write(f"ledger/annotate/ab/recording{number}/clip/k.json", b"{}")
    temporary(store, SAFE_AGE_S + 5)
    looked: list[Any] = []
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (looked.append(path), real(path))[1])
    assert remove_abandoned(store) == 1
    assert not [path for path in looked if "annotate/ab" in str(path)]
    assert len(looked) < 15


def test_a_writer_whose_file_was_swept_while_it_was_stopped_writes_again(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, swept = os.replace, []

    def stopped_before(source: str, target: Path) -> None:
        if not swept:
            swept.append(make_older(Path(source), SAFE_AGE_S + 5))
            assert remove_abandoned(store) >= 1
        real(source, target)

    monkeypatch.setattr(os, "replace", stopped_before)
    store.write("ledger/k", b"data")
    assert store.read("ledger/k") == b"data"
    assert files_in(store.root) == ["ledger/k"]


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert remove_abandoned(FolderStore(tmp_path / "none")) == 0
    assert list(tmp_path.iterdir()) == []
