"""`af3 annotate --gpus`: the night of one process, by two that share its clips.

The two are processes of the CPU, as `--device cpu` asks for.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from af3core.model.cuda import gpus
from beam_jobs.night import discover, publish, segment
from schemas.tables.night_tables import TABLES
from tests.beam_jobs.small_night import DAY, night, quick_tasks, rows, settings_of
from tests.cuda_driver import show_gpus
from tests.media import programme, write

DEADLINE_S = 240
CLIPS = ("--max-clip-s", "30")
ASKED = (*CLIPS, "--batching", "clip")


@dataclass(frozen=True)
class Nights:
    """A night that is cut and not asked, and the same one, whole."""

    whole: Path
    cut: Path
    archive: Path
    checkpoint: Path
    clips: int


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory, untrained: Path) -> Nights:
    folder = tmp_path_factory.mktemp("nights")
    archive, whole, cut = folder / "arc", folder / "whole", folder / "cut"
    write(archive / DAY / "long.flac", programme(240))
    night(archive, whole, untrained, *CLIPS)
    settings = settings_of(archive, cut, untrained, *CLIPS)
    discover.run(settings)
    segment.run(settings)
    clips = {row["clip_id"] for row in rows(whole, "segments")}
    return Nights(whole, cut, archive, untrained, len(clips))


class Shared:
    """A night of two processes, in a folder of its own."""

    def __init__(self, nights: Nights, folder: Path) -> None:
        self.nights, self.out, self.report = nights, folder / "out", folder / "report.json"
        shutil.copytree(nights.cut, self.out)
        self.command = [sys.executable, "-m", "beam_jobs", "annotate", "--out", str(self.out)]
        self.command += [*ASKED, "--model", str(nights.checkpoint), "--tasks"]
        self.command += [quick_tasks(self.out), "--gpus", "2", "--report", str(self.report)]

    def start(self, *options: str, device: str = "cpu") -> subprocess.Popen[str]:
        command = [*self.command, "--device", device, *options]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads(self.report.read_text())["facts"]
        return facts

    def check_tables(self) -> None:
        nights = self.nights
        publish.run(settings_of(nights.archive, self.out, nights.checkpoint, *CLIPS))
        for table in TABLES:
            if table.name != "runs":
                assert rows(self.out, table.name) == rows(nights.whole, table.name), table.name


@pytest.fixture
def shared_night(tmp_path: Path, nights: Nights) -> Shared:
    return Shared(nights, tmp_path)


def test_two_processes_give_the_answers_of_one_and_one_report(shared_night: Shared) -> None:
    process = shared_night.start("--verbose")
    _, error = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, error
    facts, whole = shared_night.facts(), shared_night.nights.whole
    assert facts["clips_asked"] == shared_night.nights.clips >= 8
    answers = len(rows(whole, "captions")) + len(rows(whole, "transcripts"))
    assert facts["answers_made"] == answers
    lines = error.splitlines()
    assert sorted(line[:29] for line in lines if line.startswith("af3: annotate: CPU")) == [
        "af3: annotate: CPU process 0:",
        "af3: annotate: CPU process 1:",
    ]
    assert sum("x real time" in line for line in lines) == 1, "one progress"
    shared_night.check_tables()


def test_what_killed_processes_left_is_done_by_the_other_or_the_next_run(
    shared_night: Shared,
) -> None:
    process, out = shared_night.start(), shared_night.out
    for worker in wait_for_workers(process.pid, out):
        worker.send_signal(signal.SIGKILL)
    _, error = process.communicate(timeout=DEADLINE_S)
    done = len(list((out / "ledger" / "annotate").rglob("*.json")))
    left = shared_night.nights.clips - done
    assert 0 < left < shared_night.nights.clips
    assert process.returncode == 3, error
    assert error.splitlines()[-1] == (
        f"af3: annotate: {left} pieces wait ({left} GpuProcessLost); all else is done, run it again"
    )

    process = shared_night.start()
    wait_for_workers(process.pid, out, done + 1)[0].send_signal(signal.SIGKILL)
    _, error = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, error
    assert "was ended by SIGKILL; what it left is for the others, or the next run" in error
    assert not any(path.is_file() for path in (out / "claims").rglob("*"))
    shared_night.check_tables()


@pytest.mark.skipif(bool(gpus().names), reason="needs a machine without CUDA")
@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_gpus_that_torch_does_not_find_are_no_cpus(
    shared_night: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    show_gpus(tmp_path, monkeypatch, version=99_000)
    process, clips = shared_night.start(device=device), shared_night.nights.clips
    _, error = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 3, error
    failed = [line.partition(" (")[0] for line in error.splitlines() if " failed: " in line]
    assert sorted(failed) == [
        f"af3: annotate: the process of GPU {gpu} failed: --device cuda: torch finds no CUDA device"
        for gpu in (0, 1)
    ]
    assert error.splitlines()[-1] == (
        f"af3: annotate: {clips} pieces wait ({clips} GpuMissing); all else is done, run it again"
    )
    assert not list((shared_night.out / "ledger" / "annotate").rglob("*.json"))


def wait_for_workers(number: int, out: Path, answers: int = 1) -> list[psutil.Process]:
    """Both processes, once there are so many answers."""
    until = time.monotonic() + DEADLINE_S
    while True:
        assert time.monotonic() < until, "no answer came"
        if len(list((out / "ledger" / "annotate").rglob("*.json"))) >= answers:
            break
        time.sleep(0.01)
    found = psutil.Process(number).children()
    found = [each for each in found if "gpu_process" in " ".join(each.cmdline())]
    assert len(found) == 2
    return found
