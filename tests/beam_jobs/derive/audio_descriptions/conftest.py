"""A night to describe, in a folder and in a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from af3core.storage.address import store_at
from tests.beam_jobs.derive.audio_descriptions.described import chapter, summarised
from tests.beam_jobs.small_night import make_archive, night
from tests.made_once import made_once
from tests.storage_server import BUCKET_PARAM, bucket


@pytest.fixture(scope="session")
def annotated(shared: Path, untrained: Path) -> Path:
    """A folder with an archive and the night over it."""

    def make(folder: Path) -> None:
        night(make_archive(folder / "archive"), folder / "out", untrained)

    return made_once(shared, "described", make)


@pytest.fixture(params=["folder", BUCKET_PARAM])
def out(request: pytest.FixtureRequest, annotated: Path, tmp_path: Path) -> Iterator[str]:
    """The night's tables and ledger, with a summary of the long recording and none of the other."""
    kept = [p for name in ("tables", "manifests") for p in (annotated / "out" / name).rglob("*.*")]
    with nullcontext(str(tmp_path)) if request.param == "folder" else bucket() as address:
        place = f"{address}/nights/out"
        for path in kept:
            key = path.relative_to(annotated / "out").as_posix()
            store_at(place).write(key, path.read_bytes())
        summarised(place, "Ships come in.", chapter("The harbour", "Bells ring."))
        yield place
