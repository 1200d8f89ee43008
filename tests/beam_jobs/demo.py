"""The demo night and what is derived from it, each made once in a run of the tests.

All are to be read, not written to: a test that writes takes a copy.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from af3core.nano.demo_archive import ARCHIVE
from af3core.skills.exact_pairs import EXACT_SKILLS
from beam_jobs.cli import main
from tests.made_once import made_once

GIVEN = ["--corpus", "demo", "--run-id", "demo"]


def demo_night(shared: Path) -> Path:
    """All recordings, all questions."""

    def make(out: Path) -> None:
        assert main(["annotate", str(ARCHIVE), "--out", str(out), *GIVEN]) == 0

    return made_once(shared, "demo-night", make)


def night_with_events(shared: Path) -> Path:
    """The demo night with its events."""

    def make(out: Path) -> None:
        shutil.copytree(demo_night(shared), out)
        _run(out, "events")

    return made_once(shared, "night-with-events", make)


def demo_pairs(shared: Path) -> Path:
    """With its exact pairs, too."""

    def make(out: Path) -> None:
        shutil.copytree(night_with_events(shared), out)
        _run(out, "skills", "--skill", ",".join(EXACT_SKILLS))

    return made_once(shared, "demo-pairs", make)


def browsed_night(shared: Path) -> Path:
    """The demo night with its events, and an index."""

    def make(out: Path) -> None:
        shutil.copytree(night_with_events(shared), out)
        _run(out, "index")

    return made_once(shared, "browsed-night", make)


def finished_night(shared: Path) -> Path:
    """The demo night with events, embeddings, summaries and chapters."""

    def make(out: Path) -> None:
        shutil.copytree(night_with_events(shared), out)
        for job in ("embed", "summarise"):
            _run(out, job)

    return made_once(shared, "finished-night", make)


def page_night(shared: Path) -> Path:
    """The finished night with an index of all of it."""

    def make(out: Path) -> None:
        shutil.copytree(finished_night(shared), out)
        _run(out, "index")

    return made_once(shared, "page-night", make)


def _run(out: Path, job: str, *options: str) -> None:
    assert main([job, "--out", str(out), *GIVEN, *options]) == 0
