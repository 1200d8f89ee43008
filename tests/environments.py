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
    site = Path(str(importlib.metadata.distribution("numpy").locate_file("")))
    left_out = {
        _package(site, Path(str(file)))
        for name in distributions
        for file in importlib.metadata.files(name) or ()
        if ".." not in file.parts
    }
    _link(site, folder, left_out)
    return folder


def _package(site: Path, file: Path) -> Path:
    """The outermost folder of a file that is no namespace of several distributions."""
    for folder in reversed(file.parents[:-1]):
        is_package = (site / folder / "__init__.py").exists()
        if is_package or folder.suffix in (".dist-info", ".libs"):
            return site / folder
    return site / file


def _link(source: Path, target: Path, left_out: set[Path]) -> None:
    target.mkdir(parents=True)
    for entry in source.iterdir():
        if entry in left_out or entry.suffix == ".pth":
            continue
        if any(entry in path.parents for path in left_out):
            _link(entry, target / entry.name, left_out)
        else:
            (target / entry.name).symlink_to(entry)


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
