"""A small night that recordings are withdrawn from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.beam_jobs.small_night import DAY, night
from tests.made_once import made_once
from tests.media import programme, spoken, write

NAME = "a_private_talk.wav"


@pytest.fixture(scope="session")
def made(shared: Path, untrained: Path) -> Path:
    """A night of two recordings, once; to be copied."""

    def make(folder: Path) -> None:
        write(folder / "arc" / DAY / "long.mp3", programme(40))
        write(folder / "arc" / DAY / NAME, spoken())
        night(folder / "arc", folder / "out", untrained)

    return made_once(shared, "withdrawn-night", make) / "out"


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "out")
