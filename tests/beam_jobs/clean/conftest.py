"""An output with two cuts of everything, to be cleaned."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.beam_jobs.clean.cleaned import nights_cut_twice
from tests.beam_jobs.small_night import make_archive
from tests.made_once import made_once


@pytest.fixture(scope="session")
def made(shared: Path, untrained: Path) -> Path:
    """An archive `arc` and its output `out`, once; to be copied."""

    def make(folder: Path) -> None:
        nights_cut_twice(make_archive(folder / "arc"), folder / "out", untrained)

    return made_once(shared, "nights-cut-twice", make)


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """A folder with a copy of the output."""
    shutil.copytree(made / "out", tmp_path / "out")
    return tmp_path
