"""The night that the statements are run over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.beam_jobs.demo import finished_night


@pytest.fixture(scope="session")
def night(shared: Path) -> Path:
    """To be read, not written to."""
    return finished_night(shared)
