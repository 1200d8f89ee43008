"""A claim on a piece of work: two processes take turns, a killed one leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from af3core.storage.folder import FolderStore

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

with FolderStore(Path(sys.argv[1])).claim("claims/annotate/abc"):
    print("held", flush=True)
    time.sleep(600)
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process, once it has said its first word."""
    command = [sys.executable, "-c", code, *(str(argument) for argument in arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
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
    holder = start(HOLD, tmp_path)
    waiting = start(TAKE_TURNS, tmp_path, "next", 1)
    assert not (tmp_path / "log").exists()
    holder.kill()
    assert holder.wait(DEADLINE_S) == -9
    assert waiting.wait(DEADLINE_S) == 0
    assert log(tmp_path) == ["begin next 0", "end next 0"]
    assert list((tmp_path / "claims" / "annotate").iterdir()) == []


def test_a_file_that_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    holder = start(HOLD, tmp_path)
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
