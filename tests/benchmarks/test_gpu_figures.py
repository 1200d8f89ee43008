"""`make gpu-figures` without a GPU: every row's code runs, with an image's packages alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
import torch
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.benchmarks.gpu_figures.figures import Figure, Row, Sheet, measure_rows
from tests.benchmarks.gpu_figures.launches import covered_ns
from tests.environments import ROOT, environment_without, run_in

OF_THE_IMAGE = ("torch", "triton", "transformers")
MOST_CARRIED_BYTES = 60_000_000
ROWS = {
    "quick": {"machine", "parity", "standard job", "launches", "idle", "int8"},
    "peer": {"machine", "generate", "roofline", "compiled"},
}


def needed_by(names: tuple[str, ...]) -> set[str]:
    """The distributions, and all that they need."""
    found: set[str] = set()
    left = [canonicalize_name(name) for name in names]
    while left:
        name = left.pop()
        if name in found:
            continue
        try:
            wanted = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        found.add(name)
        for requirement in map(Requirement, wanted):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                left.append(canonicalize_name(requirement.name))
    return found


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    installed = {canonicalize_name(each.metadata["Name"]) for each in metadata.distributions()}
    others = installed - needed_by(OF_THE_IMAGE) - {"af3-archive"}
    assert {"pyarrow", "accelerate", "llguidance"} <= others
    return environment_without(tmp_path_factory.mktemp("image") / "site", *sorted(others))


def test_every_row_is_measured_with_the_packages_of_an_image(image: Path, tmp_path: Path) -> None:
    arguments = ["-m", "tests.benchmarks.gpu_figures", "--device", "cpu", "--tiny"]
    done = run_in(image, [*arguments, "--out", tmp_path], tmp_path, HF_HUB_OFFLINE="1")
    assert done.returncode == 0, done.stdout + done.stderr
    for name, rows in ROWS.items():
        figures = [json.loads(line) for line in (tmp_path / f"{name}.jsonl").open()]
        assert {figure["row"] for figure in figures} == rows
        assert [f for f in figures if f["value"] in ("failed", "not measured")] == []
        table = (tmp_path / f"{name}.md").read_text().splitlines()
        assert len(table) == 2 + len(figures)
    same = [
        f["value"] for f in figures_of(tmp_path / "quick.jsonl") if "float32: same" in f["name"]
    ]
    assert same == ["8 of 8", "8 of 8"]


def figures_of(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.open()]


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_without_a_gpu_it_is_one_line() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.gpu_figures", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "gpu-figures: this machine shows no CUDA device that torch can use; run it where there is"
        " one, or try the rows with --device cpu --tiny\n"
    )


def test_what_is_carried_is_small() -> None:
    carried = [ROOT / "af3core", ROOT / "schemas", ROOT / "tests" / "benchmarks"]
    size = sum(
        path.stat().st_size
        for folder in carried
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    assert size < MOST_CARRIED_BYTES


def row(name: str, needs_s: float = 0.0, seconds: float = 0.0, *, fails: bool = False) -> Row:
    def measure(_context: object) -> Iterator[Figure]:
        yield Figure(name, f"{name} begun", "1")
        time.sleep(seconds)
        if fails:
            raise ValueError("no such device")
        yield Figure(name, f"{name} done", "2")

    return Row(name, needs_s, measure)


def test_rows_stop_at_the_limit_and_say_what_was_not_measured(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path, "quick")
    rows = [row("one"), row("large", needs_s=50), row("slow", seconds=20), row("last", needs_s=1)]
    begun = time.monotonic()
    assert measure_rows(rows, None, sheet, 1.0, begun) == 3
    assert time.monotonic() - begun < 5
    assert [(f.name, f.value) for f in sheet.figures] == [
        ("one begun", "1"),
        ("one done", "2"),
        ("large", "not measured"),
        ("slow begun", "1"),
        ("slow", "not measured"),
        ("last", "not measured"),
    ]
    assert [f["name"] for f in figures_of(sheet.lines)] == [f.name for f in sheet.figures]


def test_a_row_that_fails_leaves_the_others(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path, "quick")
    assert (
        measure_rows([row("bad", fails=True), row("good")], None, sheet, 60, time.monotonic()) == 1
    )
    assert [f.value for f in sheet.figures] == ["1", "failed", "1", "2"]
    assert sheet.figures[1].note == "ValueError: no such device"


def test_a_call_that_never_comes_back_ends_with_the_limit(tmp_path: Path) -> None:
    code = f"""
import ctypes, time
from pathlib import Path
from tests.benchmarks.gpu_figures import figures
figures._GRACE_S = 0.5
def stuck(_):
    yield figures.Figure("stuck", "begun", "1")
    import signal
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    time.sleep(60)
rows = [figures.Row("stuck", 0, stuck), figures.Row("next", 0, stuck)]
sheet = figures.Sheet(Path({str(tmp_path)!r}), "quick")
figures.measure_rows(rows, None, sheet, 0.5, time.monotonic())
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ, timeout=30)
    assert done.returncode == 3
    assert [(f["name"], f["value"]) for f in figures_of(tmp_path / "quick.jsonl")] == [
        ("begun", "1"),
        ("stuck", "not measured"),
        ("next", "not measured"),
    ]


def test_overlapping_kernels_are_busy_once() -> None:
    assert covered_ns([]) == 0
    assert covered_ns([(5, 9), (0, 4), (3, 6), (20, 21)]) == 10
