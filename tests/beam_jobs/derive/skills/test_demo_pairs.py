"""The demo's exact pairs against its scripts: given true events, and end to end."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from af3core.nano.demo_score import Score
from af3core.nano.demo_skills import main, score_pairs, true_evidence
from af3core.skills.exact_pairs import EXACT_SKILLS, exact_pairs
from tests.beam_jobs.demo import demo_pairs
from tests.beam_jobs.skills_night import assert_all_obey
from tests.beam_jobs.small_night import rows

NANO_SHARE = 0.85
"""Of the exact pairs that nano's events give, so many are right by the scripts."""


@pytest.fixture(scope="module")
def out(shared: Path) -> Path:
    return demo_pairs(shared)


def by_skill(scores: list[Score]) -> dict[str, Score]:
    return {score.name: score for score in scores}


@pytest.mark.parametrize("seed", [0, 1])
def test_given_true_events_every_exact_pair_is_right(out: Path, seed: int) -> None:
    pairs: list[dict[str, Any]] = [
        dataclasses.asdict(pair)
        | {"segment_id": segment.segment_id, "recording_id": segment.recording_id}
        for segment in true_evidence(out)
        for pair in exact_pairs(segment, seed)
    ]
    scores = by_skill(score_pairs(out, pairs))
    assert set(scores) == {*EXACT_SKILLS, "all exact skills"}
    assert [str(score) for score in scores.values() if score.right < score.of] == []
    assert scores["all exact skills"].of > 400


def test_with_nanos_events_the_pairs_are_right_by_the_scripts(out: Path) -> None:
    scores = by_skill(score_pairs(out, rows(out, "pairs")))
    assert set(scores) == {*EXACT_SKILLS, "all exact skills"}
    low = [str(score) for score in scores.values() if score.right < NANO_SHARE * score.of]
    assert low == []
    assert scores["all exact skills"].of > 350


def test_every_pair_obeys_the_rules_and_none_was_rejected(out: Path) -> None:
    assert_all_obey(out)
    assert rows(out, "rejected_pairs") == []


def test_a_wrong_answer_is_counted_as_wrong(out: Path) -> None:
    pairs = [
        {**row, "answer": next(o for o in row["options"] if o != row["answer"])}
        for row in rows(out, "pairs")
    ]
    total = score_pairs(out, pairs)[-1]
    assert total.right <= 0.02 * total.of


def test_the_command_prints_the_scores(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(out)]) == 0
    printed = capsys.readouterr().out
    assert "temporal_grounding" in printed
    assert main([str(out / "nowhere")]) == 2
    assert "no such table; run af3 annotate first" in capsys.readouterr().err
