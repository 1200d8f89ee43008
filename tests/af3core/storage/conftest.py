"""The two kinds of stores, for tests of what both must do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from af3core.storage.address import open_store
from af3core.storage.store import Store
from tests.storage_server import BUCKET_PARAM, bucket


@pytest.fixture(params=["folder", BUCKET_PARAM])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "folder":
        yield open_store(str(tmp_path / "out"))
    else:
        with bucket() as address:
            yield open_store(f"{address}/some where/out")
