"""A claim on a piece of work: two processes take turns, a killed one leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from af3core.errors import StorageError
from af3core.storage.file_lock import hold_file_lock
from af3core.storage.folder import FolderStore
from tests.af3core.storage.lease_rules import (
    assert_held_beyond_its_lease,
    assert_tried_without_waiting,
)

DEADLINE_S = 120
KEY = "claims/annotate/abc"
TURNS = 50
TAKE_TURNS = """
import sys
from pathlib import Path
from af3core.storage.folder import FolderStore

root, name, turns = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
for turn in range(turns):
    with FolderStore(root).claim("claims/annotate/abc"):
        for word in ("begin", "end"):
            with (root / "log").open("a") as file:
                file.write(f"{word} {name} {turn}\\n")
"""
HOLD = """
import sys, time
from pathlib import Path
from af3core.storage.folder import FolderStore

store = FolderStore(Path(sys.argv[1]), lease_s=float(sys.argv[2]))
with store.claim("claims/annotate/abc"):
    print("held", flush=True)
    sys.stdin.readline()
    print(store.create("ledger/result", b"the stopped one's"), flush=True)
"""
LOCK = """
import sys, time
from pathlib import Path
from af3core.storage.file_lock import hold_file_lock

with hold_file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""
LEASE_S = 1.5


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process, once it has said its first word."""
    command = [sys.executable, "-c", code, *(str(argument) for argument in arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() in ("ready", "held")
    return process


def log(root: Path) -> list[str]:
    return (root / "log").read_text().splitlines()


def test_two_processes_on_one_claim_take_turns(tmp_path: Path) -> None:
    with FolderStore(tmp_path).claim(KEY):
        processes = [start(TAKE_TURNS, tmp_path, name, TURNS) for name in ("one", "two")]
        assert not (tmp_path / "log").exists()
    assert [process.wait(DEADLINE_S) for process in processes] == [0, 0]

    lines = log(tmp_path)
    assert [line.replace("end", "begin") for line in lines[1::2]] == lines[::2]
    assert sorted(lines[::2]) == sorted(
        f"begin {name} {turn}" for name in ("one", "two") for turn in range(TURNS)
    )
    assert list((tmp_path / "claims" / "annotate").iterdir()) == []


def test_the_claim_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    holder = start(HOLD, tmp_path, 3600)
    waiting = start(TAKE_TURNS, tmp_path, "next", 1)
    assert not (tmp_path / "log").exists()
    holder.kill()
    assert holder.wait(DEADLINE_S) == -9
    assert waiting.wait(DEADLINE_S) == 0
    assert log(tmp_path) == ["begin next 0", "end next 0"]
    assert list((tmp_path / "claims" / "annotate").iterdir()) == []


def test_a_file_that_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    holder = start(HOLD, tmp_path, 3600)
    holder.kill()
    holder.wait(DEADLINE_S)
    assert (tmp_path / KEY).is_file()
    assert start(TAKE_TURNS, tmp_path, "next", 1).wait(DEADLINE_S) == 0
    assert log(tmp_path) == ["begin next 0", "end next 0"]
    assert not (tmp_path / KEY).exists()


def test_claims_on_different_keys_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with FolderStore(tmp_path).claim("claims/annotate/other"):
        assert start(TAKE_TURNS, tmp_path, "free", 1).wait(DEADLINE_S) == 0
    assert log(tmp_path) == ["begin free 0", "end free 0"]


def test_an_error_in_the_body_gives_the_claim_back(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="of the body"), FolderStore(tmp_path).claim(KEY):
        raise ValueError("of the body")
    assert not (tmp_path / KEY).exists()
    assert start(TAKE_TURNS, tmp_path, "next", 1).wait(DEADLINE_S) == 0


def test_a_stopped_holder_loses_its_claim_and_what_it_writes_later_is_refused(
    tmp_path: Path,
) -> None:
    holder = start(HOLD, tmp_path, LEASE_S)
    store = FolderStore(tmp_path, lease_s=LEASE_S)
    os.kill(holder.pid, signal.SIGSTOP)
    begun = time.monotonic()
    try:
        with store.claim(KEY):
            assert LEASE_S < time.monotonic() - begun < DEADLINE_S
            assert store.create("ledger/result", b"the follower's")
            os.kill(holder.pid, signal.SIGCONT)
            said, _ = holder.communicate("go on\n", timeout=DEADLINE_S)
            assert (said, holder.returncode) == ("False\n", 0)
            # its end leaves the follower's claim alone
            assert store.exists([KEY]) == [True]
    finally:
        holder.kill()
    assert store.read("ledger/result") == b"the follower's"
    assert store.exists([KEY]) == [False]


def test_a_claim_that_is_held_longer_than_its_lease_stays_held(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, lease_s=LEASE_S)
    assert_held_beyond_its_lease(store, KEY, LEASE_S, DEADLINE_S)


def test_a_claim_is_tried_without_waiting(tmp_path: Path) -> None:
    assert_tried_without_waiting(FolderStore(tmp_path), KEY)


def test_who_waits_says_for_whom_and_since_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("af3core.storage.lease.SAY_AFTER_S", 0.3)
    monkeypatch.setattr("af3core.storage.lease._said_at", [-3600.0])
    holder = start(HOLD, tmp_path, 3600)
    end_later = threading.Timer(1.5, holder.kill)
    end_later.start()
    with FolderStore(tmp_path).claim(KEY):
        pass
    holder.wait(DEADLINE_S)
    name = f"{socket.gethostname()} process {holder.pid}"
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert told[0] in [f"af3: waiting for {KEY}, held by {name} for {n} s" for n in range(3)]


def test_a_lock_that_is_held_for_too_long_names_its_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("af3core.storage.file_lock.LOCK_WAIT_S", 0.5)
    path = tmp_path / "lock"
    holder = start(LOCK, path)
    os.kill(holder.pid, signal.SIGSTOP)
    name = f"{socket.gethostname()} process {holder.pid}"
    too_long = f"lock: locked by {name} for too long; end that process if it is stuck"
    with pytest.raises(StorageError, match=too_long), hold_file_lock(path):
        pass
    holder.kill()
    holder.wait(DEADLINE_S)
    with hold_file_lock(path):
        assert path.exists()
    assert not path.exists()
