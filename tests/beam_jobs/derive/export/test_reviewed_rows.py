"""Exports of reviewed answers alone: whose values they have, and why others are left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.storage.address import open_store
from af3core.tasks.task import Task
from beam_jobs.corrections.reviewed_answers import reviewed_answers
from beam_jobs.derive.export.export_records import ExportRecord
from beam_jobs.derive.export.reviewed_rows import NO_TRUTH, NOT_REVIEWED, by_key
from beam_jobs.derive.export.selection import UNKNOWN_PROMPT, Filters, Selection, Tally
from tests.beam_jobs.corrections.reviewed import RAIN, STORM, answered, review, said
from tests.beam_jobs.search.said import FIRST

TASKS = {
    "transcripts": Task("transcript", "transcript", "Transcribe the input speech."),
    "": Task("mood", "question", "How is it?", options=("calm", "wild")),
}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return answered(tmp_path / "out")


def exported(out: Path, **filters: float) -> tuple[list[ExportRecord], list[ExportRecord], Tally]:
    reviewed = by_key(reviewed_answers(str(out), "default"))
    chosen = Filters(reviewed_only=True, held_out=filters.get("held_out", 0.0))
    selection = Selection(open_store(str(out)), "default", TASKS, chosen, reviewed=reviewed)
    found = selection.day(FIRST)
    return found["train"], found["test"], selection.tally


def test_people_s_values_are_exported_and_nothing_else(out: Path) -> None:
    review(
        out,
        said(STORM, 0, "transcript", value="the storm is loud"),
        said(STORM, 1, "transcript", "right"),
        said(STORM, 2, "transcript", "wrong"),
        said(STORM, 3, "transcript", "empty"),
        said(STORM, 0, "mood", "choice", "wild"),
        said(STORM, 0, "caption", "right"),
    )
    review(out, said(STORM, 1, "mood", "right"), is_sampled=False)
    found, _, tally = exported(out)
    assert {(r.skill, r.sounds[0].start_ms // 30_000): r.turns[1][1] for r in found} == {
        ("transcript", 0): "the storm is loud",
        ("transcript", 1): "calm seas",
        ("transcript", 3): "",
        ("mood", 0): "(B) wild",
        ("mood", 1): "(B) wild",
    }
    assert dict(tally.left_out) == {NOT_REVIEWED: 6, NO_TRUTH: 1, UNKNOWN_PROMPT: 1}
    [first] = [record for record in found if record.skill == "mood" and record.sounds[0].start_ms]
    assert first.to_json(["sounds/one.flac"])["review"] == {
        "kind": "right",
        "answer": "wild",
        "sampled": False,
        "source": "answers",
        "options": ["calm", "wild"],
        "language": "",
    }


def test_a_recording_lies_in_one_split(out: Path) -> None:
    review(
        out,
        *(said(STORM, number, "transcript", "right") for number in range(4)),
        *(said(RAIN, number, "transcript", "right") for number in range(2)),
    )
    train, test, _ = exported(out, held_out=0.5)
    recordings = [{r for each in split for r in each.recordings} for split in (train, test)]
    assert recordings[0].isdisjoint(recordings[1])
    assert len(train) + len(test) == 6
