"""Kernels against their references, by Triton's interpreter on the CPU.

It is chosen before Triton is imported, so that the files of `interpreted/` run in a process of
their own: one, as its start costs as much as most of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

INTERPRETED = Path(__file__).parent / "interpreted"
ROOT = Path(__file__).parents[4]


def test_kernels_by_the_interpreter() -> None:
    environment = os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(INTERPRETED)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert " skipped" not in done.stdout
