"""The night that the statements are run over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.schemas.sql.finished_night import finished_night


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """To be read, not written to."""
    return finished_night(tmp_path_factory.getbasetemp())
