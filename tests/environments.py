"""An environment like this one without some distributions: links to all else that is installed."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]


def environment_without(folder: Path, *distributions: str) -> Path:
    """A folder of packages, for PYTHONPATH, in which these distributions are not installed."""
    left_out: set[str] = set()
    for name in distributions:
        files = importlib.metadata.files(name) or []
        left_out |= {file.parts[0] for file in files if file.parts[0] != ".."}
    site = Path(importlib.metadata.distribution("numpy").locate_file(""))  # type: ignore[arg-type]
    folder.mkdir(parents=True)
    for entry in site.iterdir():
        if entry.name not in left_out and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    return folder


def run_in(
    environment: Path, arguments: Sequence[object], cwd: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `python …` with the packages of the environment, and those of this checkout."""
    return subprocess.run(
        [sys.executable, "-S", *(str(argument) for argument in arguments)],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{environment}"} | variables,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
