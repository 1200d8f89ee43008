"""`kill -9` in the middle of annotate, then the same command: tables equal row for row."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from schemas.tables.night_tables import TABLES
from tests.beam_jobs.small_night import DAY, QUICK_TASKS, night, rows
from tests.media import programme, write

DEADLINE_S = 120


def test_a_killed_night_goes_on_to_the_same_tables(untrained: Path, tmp_path: Path) -> None:
    archive = tmp_path / "arc"
    write(archive / DAY / "long.flac", programme(90))
    options = ("--max-clip-s", "30")
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    night(archive, undisturbed, untrained, *options)
    clips = len(list((undisturbed / "ledger" / "annotate").rglob("*.json")))

    tasks = str(tmp_path / "quick_tasks.yaml")
    command = [sys.executable, "-m", "beam_jobs", "annotate", str(archive), *options]
    command += ["--out", str(killed), "--model", str(untrained), "--tasks", tasks]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    wait_for_answers(killed)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = len(list((killed / "ledger" / "annotate").rglob("*.json")))
    assert 1 <= done < clips
    assert not (killed / "tables").exists()

    summary = night(archive, killed, untrained, *options)
    total = len(rows(killed, "captions")) + len(rows(killed, "transcripts"))
    assert 0 < summary.answers_made < total
    for table in TABLES:
        if table.name != "runs":
            assert rows(killed, table.name) == rows(undisturbed, table.name), table.name


def test_an_interrupt_says_how_to_go_on_and_leaves_nothing_running(
    untrained: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "arc"
    write(archive / DAY / "long.flac", programme(60))
    (tmp_path / "tasks.yaml").write_text(QUICK_TASKS)
    command = [sys.executable, "-m", "beam_jobs", "annotate", str(archive), "--max-clip-s"]
    command += ["30", "--out", str(tmp_path / "out"), "--model", str(untrained)]
    command += ["--tasks", str(tmp_path / "tasks.yaml")]
    process = subprocess.Popen(
        command, start_new_session=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    wait_for_answers(tmp_path / "out")
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert error.splitlines()[-1] == (
        "af3: interrupted; what is done is kept, the same command goes on from here"
    )
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def wait_for_answers(out: Path) -> None:
    """Until the ledger holds the first answers."""
    begun = time.monotonic()
    while not list((out / "ledger" / "annotate").rglob("*.json")):
        assert time.monotonic() - begun < DEADLINE_S, "no answer came"
        time.sleep(0.01)
