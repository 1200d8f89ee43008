"""Kernels against their references, by Triton's interpreter on the CPU.

It is chosen before Triton is imported, so that each file of `interpreted/` runs in a process of its
own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

INTERPRETED = Path(__file__).parent / "interpreted"
ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("path", sorted(INTERPRETED.glob("test_*.py")), ids=lambda path: path.stem)
def test_kernels_by_the_interpreter(path: Path) -> None:
    environment = os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(path)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
