"""A night that 0.1.0 made stays readable, goes on, and is asked nothing again."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from af3core.audio.cut_points import Segmentation
from af3core.model.engines.engine_registry import EngineSettings
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.tasks.task import default_tasks
from beam_jobs.cli import main
from schemas.identity import configuration_hash
from schemas.jobs import DERIVED
from schemas.tables.night_tables import TABLES
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.small_night import rows

NIGHT = Path(__file__).parents[1] / "data" / "night_of_0_1"
DAY = "2026-11-21"
OPTIONS = ("--corpus", "radio", "--max-clip-s", "60", "--tasks", str(NIGHT / "tasks.yaml"))
"""What the night was planned with: 0.1.0 recorded none of it."""
DERIVED_OPTIONS = {"summarise": ("--question", "Who speaks?")}

LATER_JOBS = {"align", "speakers"}
"""Jobs that 0.1.0 did not have: what they make is new."""
LATER_COLUMNS = {"date_rule", "sound_sha256", "language", "language_probability"}
"""Columns that 0.1.0 did not have."""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return Path(shutil.copytree(NIGHT / "out", tmp_path / "out"))


def night_tables(out: Path) -> dict[str, list[dict[str, Any]]]:
    """All tables but `runs`; another CPU gives another seventh digit of a log-probability.

    Columns that came later stand empty.
    """
    return {
        table.name: [_rounded(table.empty_row() | row) for row in rows(out, table.name)]
        for table in TABLES
        if table.name != "runs"
    }


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in row.items() if name not in LATER_COLUMNS}
    return known | {n: round(row[n], 5) for n in ("mean_logprob",) if n in row}


def run(job: str, out: Path, *options: str, report: str = "report.json") -> dict[str, Any]:
    """Run a command; gives its facts."""
    file = out.parent / report
    assert main([job, *options, "--out", str(out), "--report", str(file)]) == 0
    facts: dict[str, Any] = json.loads(file.read_text())["facts"]
    return facts


def test_identities_are_those_of_0_1() -> None:
    assert configuration_hash(Segmentation()) == "7fcb113e398c8543a347b03b"
    assert configuration_hash(Segmentation(max_clip_s=60.0)) == "bd7d94828ccb67be869ad180"
    engine = EngineSettings("af3", find_checkpoint("nano"), "float32", "auto", 65_536)
    assert engine.identity == "3384eab64e96733f/float32/af3"
    hashes = {task.task_id: task.task_hash("fixed/float32/af3") for task in default_tasks()}
    assert hashes == {
        "caption": "be4ce54aea68a2d0d4afa1b1",
        "transcript": "cada88e33d288a84eff03b0b",
        "sounds": "3c4b78ff9edbcfa5ca47bb4f",
        "speaker": "41f31e7f648ce74a679a67b8",
        "speaker_count": "74d217253a2a6d6a5dc9b1ef",
        "music": "9cfeb3aa9b2fe4ae370a35cf",
        "topic": "99c034eb06b857aca1b3e89a",
    }
    assert [task.prompt_id for task in default_tasks()][:2] == [
        "09bfae4828b5125bd2268b6e",
        "a5567d03972bf325e98a0901",
    ]


def test_the_night_goes_on_where_it_was_left(out: Path) -> None:
    before = night_tables(out)
    assert len(before["captions"]) == 2
    answers = sorted((out / "ledger" / "annotate").rglob("*.json"))
    answers[0].unlink()
    assert run("segment", out, *OPTIONS) == {"recordings_cut": 0}
    assert run("annotate", out, *OPTIONS)["clips_asked"] == 1
    run("publish", out, *OPTIONS)
    assert night_tables(out) == before


def test_a_night_over_the_same_recordings_asks_nothing(out: Path) -> None:
    before = night_tables(out)
    facts = run("annotate", out, str(NIGHT / "archive"), *OPTIONS)
    assert (facts["recordings"], facts["answers_made"]) == (2, 0)
    moved = {"object_uri", "source"}
    for name, held in night_tables(out).items():
        assert [{k: v for k, v in row.items() if k not in moved} for row in held] == [
            {k: v for k, v in row.items() if k not in moved} for row in before[name]
        ]
    assert run("annotate", out, "--corpus", "radio") == {"answers_made": 0}


@pytest.mark.parametrize("job", [job.name for job in DERIVED if job.name not in LATER_JOBS])
def test_derived_rows_are_found_by_their_identities(out: Path, job: str) -> None:
    options = DERIVED_OPTIONS.get(job, ())
    settings = settings_for(job, "--out", out, "--corpus", "radio", *options)  # type: ignore
    facts = importlib.import_module(settings.job.module).run(settings, []).facts
    stages = [facts] if "made_now" in facts else list(facts.values())
    assert [(stage["made_now"], stage["failures"]) for stage in stages] == [(0, 0)] * len(stages)
