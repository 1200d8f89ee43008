"""Measured quality: word errors and right answers of what people looked at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beam_jobs.cli import main
from beam_jobs.corrections.reviewed_answers import reviewed_answers
from beam_jobs.night.quality_reviewed import ReviewedMeasure, measure_lines, measured
from beam_jobs.night_report.run_facts import RunFacts
from tests.beam_jobs.corrections.reviewed import RAIN, STORM, answered, review, said
from tests.beam_jobs.search.said import FIRST

LINES = [
    "reviewed    mood, nano: 50 % right (9.45 to 90.55, 95 %); 1 of 2 answers; 2 reviewed in 1"
    " recordings",
    "reviewed    transcript, nano: 20 % of words wrong (16.67 to 25, 95 %); 2 errors in 10 words;"
    " 4 reviewed in 2 recordings; 1 of them not measured, as nobody said what is right",
    "reviewed    transcript, nano: 0 % of words wrong; 0 errors in 3 words; 1 reviewed in 1"
    " recordings; not a sample: people look where they see errors",
]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    out = answered(tmp_path / "out")
    review(
        out,
        said(STORM, 0, "transcript", value="the storm is loud"),
        said(STORM, 1, "transcript", "right"),
        said(STORM, 2, "transcript", "wrong"),
        said(RAIN, 0, "transcript", value="the rain is cold"),
        said(STORM, 0, "mood", "choice", "wild"),
        said(STORM, 1, "mood", "right"),
    )
    review(out, said(RAIN, 1, "transcript", "right"), is_sampled=False)
    return out


def test_by_task_and_by_sample(out: Path) -> None:
    found = measured(reviewed_answers(str(out), "default"))
    assert measure_lines(found) == LINES
    assert found[1] == ReviewedMeasure(
        task_id="transcript",
        model="nano",
        weights_revision="w1",
        measure="wer",
        is_sampled=True,
        reviewed=4,
        recordings=2,
        unmeasured=1,
        counted=10,
        wrong=2,
        figure=20.0,
        low=16.67,
        high=25.0,
    )


def test_quality_says_it_behind_the_trends(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", "--out", str(out), "--date", FIRST]) == 0
    assert capsys.readouterr().out.splitlines()[-3:] == LINES
    path = out / "quality" / "corpus=default" / f"from={FIRST},until={FIRST}.json"
    kept = json.loads(path.read_text())["reviewed"]
    assert [(each["task_id"], each["figure"]) for each in kept] == [
        ("mood", 50.0),
        ("transcript", 20.0),
        ("transcript", 0.0),
    ]


def test_two_models_are_told_apart(out: Path) -> None:
    answered(out, weights_revision="w2")
    assert {each.weights_revision for each in measured(reviewed_answers(str(out), "default"))} == {
        "w2"
    }


def test_a_page_without_reviews_has_no_section() -> None:
    assert RunFacts("r", "c", FIRST, FIRST, None, 0.0, 0.0, 0.0, None).reviewed == ()
