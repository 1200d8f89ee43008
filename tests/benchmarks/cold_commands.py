"""CPU seconds of commands in a fresh process, and what `pip install .` takes on disk.

Wanted: `af3 search` by words 0.7, by words and meaning 2; the base install below 400 MB. Floor: the
interpreter alone. The CPU time is the child's own, user and system, as the kernel counts it; the
packages are compiled, as pip leaves them.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.report import header, line
from tests.installs.environment import ROOT, environment

ROUNDS = 5
NIGHT = ROOT / "tests/data/night_of_0_1/out"


def main() -> None:
    """Print the size and the seconds."""
    header("cold commands", "duckdb", "lancedb", "pyarrow", "tokenizers")
    base = environment()
    line("pip install .", f"{base.size_bytes / 1e6:.0f} MB", "wanted: below 400 MB")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        shutil.copytree(NIGHT, out)
        subprocess.run(
            [sys.executable, "-m", "beam_jobs", "index", "--out", out, "--corpus", "radio"],
            check=True,
        )
        _measure("floor: python -c pass", [sys.executable, "-c", "pass"])
        for name, python in (("base", base.python), ("all extras", Path(sys.executable))):
            for title, command in _commands(out):
                _measure(f"{title} ({name})", [str(python), "-m", "beam_jobs", *command])


def _commands(out: Path) -> list[tuple[str, list[str]]]:
    night = ["--out", str(out)]
    return [
        ("af3 --help", ["--help"]),
        ("af3 query", ["query", *night, "SELECT text FROM captions"]),
        ("af3 search --mode words", ["search", *night, "--mode", "words", "speaking"]),
        ("af3 search", ["search", *night, "speaking"]),
    ]


def _measure(title: str, command: list[str]) -> None:
    taken = [_cpu_seconds(command) for _ in range(ROUNDS + 1)][1:]
    line(title, f"{statistics.median(taken):.2f} s", f"{min(taken):.2f} to {max(taken):.2f}")


def _cpu_seconds(command: list[str]) -> float:
    begun = _children_cpu_s()
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return _children_cpu_s() - begun


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
