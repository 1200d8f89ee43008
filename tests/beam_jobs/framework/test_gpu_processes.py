"""A process a GPU: work is shared by claims, a lost process leaves its work, an end ends all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from af3core.errors import Af3Error, ConfigurationError
from af3core.model.cuda import gpus
from beam_jobs.cli import main
from beam_jobs.framework.gpu_processes import (
    DoPieces,
    Place,
    ProcessEnd,
    merged,
    run_at_places,
    what_waits,
)
from beam_jobs.framework.settings import JobSettings
from tests.beam_jobs.framework import gpu_work
from tests.beam_jobs.small_night import settings_of
from tests.cuda_driver import show_gpus

PIECES = [f"piece-{number:02d}" for number in range(24)]
DEADLINE_S = 60.0


@pytest.fixture
def settings(tmp_path: Path) -> JobSettings:
    (tmp_path / "arc").mkdir()
    return settings_of(tmp_path / "arc", tmp_path / "out", Path("nano"))


def run(do: DoPieces, settings: JobSettings, begin_at: int = 2) -> list[ProcessEnd]:
    places = [Place.of_gpu("0"), Place.of_gpu("1")]
    return run_at_places("annotate", do, settings, [str(begin_at)], PIECES, places)


def written(settings: JobSettings) -> dict[str, str]:
    folder = Path(settings.out, "pieces")
    return {path.name: path.read_text() for path in folder.iterdir()} if folder.is_dir() else {}


def test_processes_share_the_pieces_and_none_is_done_twice(settings: JobSettings) -> None:
    ends = run(gpu_work.write_pieces, settings)
    assert merged(ends) == {"pieces_written": 24}
    assert all(end.counters["pieces_written"] >= 4 for end in ends), ends
    by_gpu = written(settings)
    assert sorted(by_gpu) == PIECES
    assert (by_gpu["piece-00"], by_gpu["piece-12"]) == ("0", "1"), "each begins at another"


def test_what_a_killed_process_left_the_other_does(
    settings: JobSettings, capfd: pytest.CaptureFixture[str]
) -> None:
    ends = run(gpu_work.die_on_gpu_1, settings)
    assert merged(ends) == {"pieces_written": 24}
    assert set(written(settings).values()) == {"0"}
    (lost,) = [end for end in ends if end.error_class]
    assert (lost.place, lost.error_class) == ("GPU 1", "GpuProcessLost")
    assert capfd.readouterr().err.splitlines() == [
        "af3: annotate: the process of GPU 1 was ended by SIGKILL; what it left is for the others,"
        " or the next run"
    ]


def test_a_gpu_that_is_full_leaves_the_night_to_the_others(settings: JobSettings) -> None:
    ends = run(gpu_work.find_gpu_1_full, settings, begin_at=1)
    assert merged(ends) == {"pieces_written": 24}
    (full,) = [end for end in ends if end.error_class]
    assert (full.place, full.error_class) == ("GPU 1", "GpuFull")
    assert full.message == "failed: 0.30 GB are free of the GPU's memory beside the weights"


@pytest.mark.skipif(bool(gpus().names), reason="needs a machine without CUDA")
def test_a_gpu_that_torch_does_not_find_leaves_the_night_to_the_others(
    settings: JobSettings, capfd: pytest.CaptureFixture[str]
) -> None:
    ends = run(gpu_work.look_for_gpu_1, settings, begin_at=1)
    assert merged(ends) == {"pieces_written": 24}
    assert [end.error_class for end in ends if end.error_class] == ["GpuMissing"]
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(
        "af3: annotate: the process of GPU 1 failed: --device cuda: torch finds no CUDA device ("
    )
    assert line.endswith("); what it left is for the others, or the next run")


def test_where_all_are_lost_the_ends_say_so(settings: JobSettings) -> None:
    ends = run(gpu_work.die, settings)
    assert [end.message for end in ends] == ["was ended by SIGKILL"] * 2
    assert what_waits({}, ends, 24) == {"GpuProcessLost": 24}


def test_an_error_is_that_of_its_process(settings: JobSettings) -> None:
    ends = run(gpu_work.fail, settings)
    assert {(end.error_class, end.message) for end in ends} == {
        ("StorageError", "failed: the bucket does not answer")
    }
    assert what_waits({}, ends, 3) == {"StorageError": 3}


def test_a_bug_is_no_work_that_waits(settings: JobSettings) -> None:
    ends = run(gpu_work.break_down, settings)
    assert {(end.error_class, end.is_bug) for end in ends} == {("IndexError", True)}
    assert what_waits({}, ends, 0) == {}
    with pytest.raises(Af3Error, match=r"GPU [01] failed: no such piece \(IndexError\)"):
        what_waits({}, ends, 3)


def test_a_wrong_setting_ends_all(settings: JobSettings) -> None:
    begun = time.monotonic()
    with pytest.raises(ConfigurationError, match="--dtype float16 is not supported"):
        run(gpu_work.refuse, settings)
    assert time.monotonic() - begun < gpu_work.DEADLINE_S


@pytest.mark.parametrize("ended_by", [signal.SIGKILL, signal.SIGINT])
def test_processes_end_with_the_one_that_started_them(
    settings: JobSettings, tmp_path: Path, ended_by: signal.Signals
) -> None:
    code = f"""
from pathlib import Path
from beam_jobs.framework.process import exit_code_of
from tests.beam_jobs.framework.test_gpu_processes import run
from tests.beam_jobs.framework import gpu_work
from tests.beam_jobs.small_night import settings_of
settings = settings_of(Path({str(tmp_path / "arc")!r}), {settings.out!r}, Path("nano"))
exit_code_of(lambda: len(run(gpu_work.wait_for_the_end, settings)))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    begun = Path(settings.out, "begun")
    numbers = wait_for_numbers(begun)
    process.send_signal(ended_by)
    _, error = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == (130 if ended_by == signal.SIGINT else -signal.SIGKILL)
    assert error.count("af3: interrupted") == (1 if ended_by == signal.SIGINT else 0)
    until = time.monotonic() + DEADLINE_S
    while any(Path(f"/proc/{number}").exists() for number in numbers):
        assert time.monotonic() < until, "a process outlives the one that started it"
        time.sleep(0.05)


def wait_for_numbers(begun: Path) -> list[int]:
    until = time.monotonic() + DEADLINE_S
    while not begun.is_dir() or len(list(begun.iterdir())) < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    return [int(path.name) for path in begun.iterdir() if int(path.name) != os.getpid()]


LOST = ProcessEnd("GPU 0", {}, "GpuProcessLost", "was ended by SIGKILL")
WHOLE = ProcessEnd("GPU 1", {"answers_made": 3})


@pytest.mark.parametrize(
    ("waiting", "ends", "left", "expected"),
    [
        ({}, [WHOLE, WHOLE], 0, {}),
        ({"StorageError": 2}, [WHOLE, WHOLE], 0, {}),
        ({"StorageError": 4}, [WHOLE, WHOLE], 2, {"StorageError": 2}),
        ({}, [LOST, WHOLE], 0, {}),
        ({}, [LOST, LOST], 5, {"GpuProcessLost": 5}),
        ({"StorageError": 1}, [LOST, WHOLE], 3, {"StorageError": 1, "GpuProcessLost": 2}),
        ({"A": 3, "B": 1}, [WHOLE, WHOLE], 2, {"A": 2}),
    ],
)
def test_what_waits_is_what_is_left(
    waiting: dict[str, int], ends: list[ProcessEnd], left: int, expected: dict[str, int]
) -> None:
    assert what_waits(waiting, ends, left) == expected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--gpus", "3"], "--gpus 3: this machine shows 2 (NVIDIA L4); take all, or at most 2"),
        (["--gpus", "0"], "--gpus 0: must be more than 0"),
        (
            ["--gpus", "all", "--device", "cpu"],
            "--gpus all is of GPUs: with --device cpu write how many processes, such as --gpus 2",
        ),
        (
            ["--gpus", "2", "--engine", "openai", "--endpoint", "http://127.0.0.1:1/v1"],
            "--gpus 2 is of an engine on this machine, not of openai",
        ),
        (
            ["--gpus", "2", "--runner", "PortableRunner", "--job_endpoint", "127.0.0.1:1"],
            "--gpus 2 is of this machine; another runner's workers have GPUs of their own",
        ),
        (["--gpus", "some"], "argument --gpus: some: write a whole number or all"),
    ],
)
def test_what_does_not_fit_is_one_line_before_any_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: Sequence[str],
    said: str,
) -> None:
    show_gpus(tmp_path, monkeypatch, version=99_000)
    (tmp_path / "arc").mkdir()
    arguments = ["annotate", str(tmp_path / "arc"), "--out", str(tmp_path / "out"), *options]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"af3: {said}")
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
