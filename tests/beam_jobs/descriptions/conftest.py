"""A night to describe, in a folder and in a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from af3core.storage.address import store_at
from tests.beam_jobs.descriptions.described import chapter, summarised
from tests.beam_jobs.night import make_archive, night
from tests.storage_server import bucket


@pytest.fixture(scope="session")
def annotated(tmp_path_factory: pytest.TempPathFactory, untrained: Path) -> Path:
    """A folder with an archive and the night over it."""
    folder = tmp_path_factory.mktemp("described")
    night(make_archive(folder / "archive"), folder / "out", untrained)
    return folder


@pytest.fixture(params=["folder", "bucket"])
def out(request: pytest.FixtureRequest, annotated: Path, tmp_path: Path) -> Iterator[str]:
    """The night's tables and ledger, with a summary of the long recording and none of the other."""
    kept = [p for name in ("tables", "manifests") for p in (annotated / "out" / name).rglob("*.*")]
    with bucket() as address:
        if request.param == "folder":
            address = str(tmp_path)
        place = f"{address}/nights/out"
        for path in kept:
            key = path.relative_to(annotated / "out").as_posix()
            store_at(place).write(key, path.read_bytes())
        summarised(place, "Ships come in.", chapter("The harbour", "Bells ring."))
        yield place
