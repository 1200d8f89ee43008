"""The demo night with all that is derived from it, for questions over every table."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

from beam_jobs.cli import main
from tests.beam_jobs.demo import GIVEN, demo_night


@functools.cache
def finished_night(folder: Path) -> Path:
    """A copy of the session's demo night, with events, embeddings, summaries and chapters."""
    out = folder / "finished-night"
    shutil.copytree(demo_night(folder), out)
    for job in ("events", "embed", "summarise"):
        assert main([job, "--out", str(out), *GIVEN]) == 0
    return out
