"""The demo night, made once per session: all recordings, all questions, and what is derived."""

from __future__ import annotations

import functools
from pathlib import Path

from af3core.nano.demo_archive import ARCHIVE
from af3core.tasks.skills.exact import EXACT_SKILLS
from beam_jobs.cli import main

GIVEN = ["--corpus", "demo", "--run-id", "demo"]


@functools.cache
def demo_night(folder: Path) -> Path:
    """The night below the session's folder; to be read, not written to."""
    out = folder / "demo-night"
    assert main(["annotate", str(ARCHIVE), "--out", str(out), *GIVEN]) == 0
    return out


@functools.cache
def demo_pairs(folder: Path) -> Path:
    """The night with its events and its exact pairs."""
    out = demo_night(folder)
    assert main(["events", "--out", str(out), *GIVEN]) == 0
    given = [*GIVEN, "--skill", ",".join(EXACT_SKILLS)]
    assert main(["skills", "--out", str(out), *given]) == 0
    return out
