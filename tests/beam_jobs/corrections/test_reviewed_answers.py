"""Answers that people looked at: what is true, what is right, and whether they were drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_jobs.corrections.quality_sample import is_sampled
from beam_jobs.corrections.reviewed_answers import reviewed_answers
from tests.beam_jobs.corrections.reviewed import RAIN, STORM, answered, review, said
from tests.beam_jobs.search.said import FIRST, SECOND

Found = dict[tuple[str, int, str], tuple[str, str | None, bool | None, bool]]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return answered(tmp_path / "out")


def found(out: Path, *interval: str) -> Found:
    return {
        (each.recording_id[0], each.start_ms // 30_000, each.task_id): (
            *(each.kind, each.truth, each.is_right),
            each.is_sampled,
        )
        for each in reviewed_answers(str(out), "default", *interval)
    }


def test_each_kind_says_what_is_true_and_whether_the_model_is_right(out: Path) -> None:
    assert found(out) == {}
    review(
        out,
        said(STORM, 0, "transcript", value="the storm is loud"),
        said(STORM, 1, "transcript", "right"),
        said(STORM, 2, "transcript", "wrong"),
        said(STORM, 3, "transcript", "empty"),
        said(STORM, 0, "mood", "choice", "wild"),
        said(STORM, 1, "mood", "right"),
        said(STORM, 2, "mood", "wrong"),
        said(STORM, 0, "caption", "right"),
    )
    review(out, said(STORM, 1, "caption", value="A calm sea."), is_sampled=False)
    review(out, said(RAIN, 0, "transcript", "flag_set", "of_interest"))
    assert found(out) == {
        ("a", 0, "transcript"): ("text", "the storm is loud", False, True),
        ("a", 1, "transcript"): ("right", "calm seas", True, True),
        ("a", 2, "transcript"): ("wrong", None, False, True),
        ("a", 3, "transcript"): ("empty", "", False, True),
        ("a", 0, "mood"): ("choice", "wild", False, True),
        ("a", 1, "mood"): ("right", "wild", True, True),
        ("a", 2, "mood"): ("wrong", None, False, True),
        ("a", 0, "caption"): ("right", "A storm.", True, True),
        ("a", 1, "caption"): ("text", "A calm sea.", False, False),
    }
    assert found(out, SECOND, SECOND) == {}
    assert len(found(out, FIRST, FIRST)) == 9
    [first, *_] = reviewed_answers(str(out), "default")
    assert (first.model, first.weights_revision, first.date) == ("nano", "w1", FIRST)
    assert reviewed_answers(str(out), "other") == ()


def test_what_a_person_said_of_other_words_holds_as_far_as_it_can(out: Path) -> None:
    """Another model writes other captions and the same transcripts."""
    review(
        out,
        said(STORM, 0, "transcript", value="the storm is loud"),
        said(STORM, 0, "caption", "right"),
        said(STORM, 1, "caption", value="A calm sea."),
        said(STORM, 2, "caption", "wrong"),
        said(STORM, 1, "mood", "right"),
    )
    answered(out, seen="A calm sea.", weights_revision="w2")
    assert found(out) == {
        ("a", 0, "transcript"): ("text", "the storm is loud", False, True),
        ("a", 0, "caption"): ("right", "A storm.", None, True),
        ("a", 1, "caption"): ("text", "A calm sea.", True, True),
        ("a", 1, "mood"): ("right", "wild", True, True),
    }, "a caption that nobody looked at is neither right nor wrong"


def test_of_two_reviews_the_later_one_counts(out: Path) -> None:
    review(out, said(STORM, 0, "transcript", "right"))
    review(out, said(STORM, 0, "transcript", "wrong"), by="Bob")
    assert found(out) == {("a", 0, "transcript"): ("wrong", None, False, True)}


@pytest.mark.parametrize(
    ("reason", "drawn"),
    [("quality sample", True), (" Quality Sample ", True), ("", False), ("listened", False)],
)
def test_a_sample_is_known_by_its_reason(reason: str, drawn: bool) -> None:
    assert is_sampled(reason) is drawn
