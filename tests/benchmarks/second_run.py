"""A finished night run again, against its first run. Wanted: at most 10 % of the time.

Floor: `af3 --version`, which is Python's start and the command's imports.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.report import header, line

ARCHIVE = Path(__file__).parents[2] / "af3core" / "nano" / "demo_archive"


def main() -> None:
    header("a night over the demo archive, twice", "apache-beam", "torch", "transformers")
    with tempfile.TemporaryDirectory() as folder:
        floor_s = run(["--version"])
        night = ["annotate", str(ARCHIVE), "--out", f"{folder}/out", "--corpus", "demo"]
        first_s, second_s = run(night), run(night)
    line("floor: af3 --version", f"{floor_s:.1f} s")
    line("first run", f"{first_s:.1f} s")
    line("second run", f"{second_s:.1f} s", f"{second_s / first_s:.1%} of the first")


def run(arguments: list[str]) -> float:
    """Wall seconds of an `af3` command."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "beam_jobs", *arguments]
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
