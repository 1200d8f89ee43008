"""Two minutes of the demo archive as nano annotates them, with events, and pairs made of them."""

from __future__ import annotations

import argparse
import functools
import shutil
from pathlib import Path
from typing import Any

from af3core.nano.demo_archive import ARCHIVE
from af3core.tasks.skills.catalogue import catalogue
from af3core.tasks.skills.pair import Evidence, Pair
from af3core.tasks.skills.rules import broken_rule
from beam_jobs import events, skills
from beam_jobs.job import Outcome
from beam_jobs.job_names import JobName
from beam_jobs.night import run_night
from beam_jobs.options import add_arguments
from beam_jobs.settings import NightSettings, read_settings
from tests.beam_jobs.night import DAY, rows


def settings_of(out: Path, job: JobName, *options: str) -> NightSettings:
    """Settings as the command line gives them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--source")
    add_arguments(parser)
    return read_settings(parser.parse_args(["--out", str(out), *options]), job)


@functools.cache
def made_night(folder: Path) -> Path:
    """The night, made once per session below its folder; to be copied."""
    name = "morning_weather.mp3"
    archive, out = folder / "skills" / "archive", folder / "skills" / "out"
    (archive / DAY).mkdir(parents=True)
    shutil.copy(ARCHIVE / DAY / name, archive / DAY / name)
    run_night(settings_of(out, "night", "--source", str(archive)))
    events.run(settings_of(out, "events"), [])
    return out


def make(out: Path, *options: str) -> Outcome:
    """Run the job."""
    return skills.run(settings_of(out, "skills", *options), [])


def as_pair(row: dict[str, Any]) -> Pair:
    """The pair of a row."""
    return Pair(
        skill=row["skill"],
        question=row["question"],
        answer=row["answer"],
        start_ms=row["start_ms"],
        end_ms=row["end_ms"],
        options=tuple(row["options"]),
        evidence=tuple(Evidence(**evidence) for evidence in row["evidence"]),
        made_by=row["made_by"],
    )


def assert_all_obey(out: Path) -> None:
    """Every pair of the table passes the rule checker."""
    for row in rows(out, "pairs"):
        assert broken_rule(as_pair(row), catalogue()[row["skill"]]) is None
