"""Who answers questions that are asked on the archive page."""

from __future__ import annotations

import pytest

from beam_jobs.talk.answerer import Answerer
from tests.beam_jobs.browse.talking import nano_with_espeak


@pytest.fixture(scope="module")
def answerer() -> Answerer:
    return nano_with_espeak()
