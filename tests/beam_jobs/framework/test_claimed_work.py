"""A job does what is free first; what another run holds it waits for at the end."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import apache_beam as beam
import pytest

from af3core.storage.folder import FolderStore
from beam_jobs.framework.claimed_work import Claim, do_claimed, wait_for_claim
from beam_jobs.framework.pipeline import LOCAL_RUNNER

DEADLINE_S = 120
PIECES = ["a", "held", "b", "c"]
HOLD = """
import sys
from collections.abc import Callable
from pathlib import Path
from af3core.storage.folder import FolderStore

with FolderStore(Path(sys.argv[1])).claim("claims/test/held"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def note(piece: str, root: str, claim: Claim = wait_for_claim) -> str:
    store = FolderStore(Path(root))
    with claim(store, f"claims/test/{piece}"), (Path(root) / "log").open("a") as file:
        file.write(f"{piece}\n")
    return piece.upper()


def fail(piece: str, root: str, claim: Claim = wait_for_claim) -> str:
    with claim(FolderStore(Path(root)), f"claims/test/{piece}"):
        raise ValueError(f"of {piece}")


def run(root: Path, do: Callable[..., str], found: list[str]) -> None:
    with beam.Pipeline(runner=LOCAL_RUNNER) as pipeline:
        done = do_claimed(pipeline | beam.Create(PIECES), "Note", do, str(root))
        done | beam.combiners.ToList() | beam.Map(_write, str(root / "found"))
    found += (root / "found").read_text().split()


def _write(found: list[str], path: str) -> None:
    Path(path).write_text(" ".join(sorted(found)))


def lines(root: Path) -> list[str]:
    log = root / "log"
    return log.read_text().split() if log.exists() else []


def test_what_is_free_is_done_once_and_at_once(tmp_path: Path) -> None:
    found: list[str] = []
    run(tmp_path, note, found)
    assert sorted(lines(tmp_path)) == sorted(PIECES)
    assert found == ["A", "B", "C", "HELD"]


def test_the_others_are_done_while_one_is_held(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    found: list[str] = []
    job = threading.Thread(target=run, args=(tmp_path, note, found))
    job.start()
    until = time.monotonic() + DEADLINE_S
    while len(lines(tmp_path)) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    assert sorted(lines(tmp_path)) == ["a", "b", "c"]
    assert job.is_alive()
    holder.communicate("go on\n", timeout=DEADLINE_S)
    job.join(DEADLINE_S)
    assert lines(tmp_path)[3:] == ["held"]
    assert found == ["A", "B", "C", "HELD"]


def test_an_error_of_a_piece_is_none_of_its_claim(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"of (a|b|c|held)"):
        run(tmp_path, fail, [])
