"""Two minutes of the demo archive as nano annotates them, with events, and pairs made of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from af3core.nano.demo_archive import ARCHIVE
from af3core.skills.catalogue import catalogue
from af3core.skills.pair_rules import broken_rule
from beam_jobs.derive import events_job
from beam_jobs.derive.skills import skills_job
from beam_jobs.derive.skills.thoughts import pair_of
from beam_jobs.framework.job import Outcome
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.run_night import run_night
from tests.beam_jobs.small_night import DAY, rows
from tests.made_once import made_once


def made_night(shared: Path) -> Path:
    """The night, made once in a run of the tests; to be copied."""

    def make(folder: Path) -> None:
        name = "morning_weather.mp3"
        archive, out = folder / "archive", folder / "out"
        (archive / DAY).mkdir(parents=True)
        shutil.copy(ARCHIVE / DAY / name, archive / DAY / name)
        run_night(settings_for("night", "--out", out, archive))
        events_job.run(settings_for("events", "--out", out), [])

    return made_once(shared, "skills-night", make) / "out"


def make(out: Path, *options: str) -> Outcome:
    """Run the job."""
    return skills_job.run(settings_for("skills", "--out", out, *options), [])


def assert_all_obey(out: Path) -> None:
    """Every pair of the table passes the rule checker."""
    for row in rows(out, "pairs"):
        assert broken_rule(pair_of(row), catalogue()[row["skill"]]) is None
