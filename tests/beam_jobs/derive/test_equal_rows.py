"""Derived rows of recordings of one sound: made once, under the names of each."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from af3core.nano.demo_archive import ARCHIVE
from beam_jobs.derive import embed_job, events_job, summarise_job
from beam_jobs.derive.skills import skills_job, think_job
from beam_jobs.derive.skills.thoughts import pair_of
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.run_night import run_night
from tests.beam_jobs.skills_night import made_night
from tests.beam_jobs.small_night import DAY, rows
from tests.media import ffmpeg

NAME = "morning_weather.mp3"
TABLES = {
    "events": ("events",),
    "embed": ("embeddings",),
    "summarise": ("summaries", "chapters", "findings"),
    "skills": ("pairs", "rejected_pairs"),
    "think": ("thoughts", "rejected_thoughts"),
}
MAY_BE_EMPTY = ("rejected_pairs", "thoughts")
NAMES = {"recording_id", "clip_id", "segment_id", "event_id", "pair_id"}


@pytest.fixture(scope="module")
def out(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night with events of one recording; then a retagged copy comes."""
    folder = tmp_path_factory.mktemp("copies")
    out = Path(shutil.copytree(made_night(shared), folder / "out"))
    (folder / "arc" / DAY).mkdir(parents=True)
    first = Path(shutil.copy(ARCHIVE / DAY / NAME, folder / "arc" / DAY))
    copy = first.with_name("retagged.mka")
    ffmpeg("-i", str(first), "-c", "copy", "-metadata", "title=x", str(copy))
    assert run_night(settings_for("night", "--out", out, folder / "arc")).answers_made == 0
    return out


def run(out: Path, job: str) -> dict[str, Any]:
    """Run a derived job; gives its facts, its findings' beside its digests'."""
    if job == "events":
        return events_job.run(settings_for("events", "--out", out)).facts
    if job == "embed":
        return embed_job.run(settings_for("embed", "--out", out)).facts
    if job == "skills":
        named = ("--skill", "temporal_order,counting_level_3,topic_relationship")
        return skills_job.run(settings_for("skills", "--out", out, *named)).facts
    if job == "think":
        named = ("--skill", "counting_level_3")
        return think_job.run(settings_for("think", "--out", out, *named)).facts
    asked = ("--question", "What is said about the storm?")
    found = summarise_job.run(settings_for("summarise", "--out", out, *asked)).facts
    return found["digests"] | {"found": found["findings"]}


def without_names(value: Any) -> Any:
    """A row without what things are called."""
    if isinstance(value, dict):
        return {k: without_names(v) for k, v in value.items() if k not in NAMES}
    return [without_names(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("job", list(TABLES))
def test_a_copy_takes_the_rows_over(job: str, out: Path) -> None:
    for before in {"skills": ("events",), "think": ("events", "skills")}.get(job, ()):
        run(out, before)  # it stands on them
    facts = run(out, job)
    # the first recording's events were made before the copy came
    assert (facts["made_now"], facts["taken_over"]) == (0 if job == "events" else 1, 1)
    if job == "summarise":
        assert (facts["found"]["made_now"], facts["found"]["taken_over"]) == (1, 1)
    of = {row["recording_id"]: row["taken_over_from"] for row in rows(out, "recordings")}
    [(copy, first)] = [(name, source) for name, source in of.items() if source]
    segments = {row["segment_id"]: row for row in rows(out, "segments")}
    for table in TABLES[job]:
        found = rows(out, table)
        mine, its = (
            sorted(str(without_names(row)) for row in found if row["recording_id"] == one)
            for one in (copy, first)
        )
        assert mine == its
        assert its or table in MAY_BE_EMPTY
        for row in found:
            if segment := row.get("segment_id"):
                assert segments[segment]["recording_id"] == row["recording_id"]
                assert segments[segment]["clip_id"] == row["clip_id"]
    again = run(out, job)
    assert (again["made_now"], again.get("taken_over", 0)) == (0, 0)


def test_identifiers_are_those_that_each_recording_would_have(out: Path) -> None:
    for job in ("events", "skills"):
        run(out, job)
    found = rows(out, "events")
    assert len({row["event_id"] for row in found}) == len(found) > 20
    for row in rows(out, "pairs"):
        assert row["pair_id"] == pair_of(row).identity(row["segment_id"] or row["clip_id"])


def test_a_piece_that_fails_fails_for_each_by_its_name(out: Path, tmp_path: Path) -> None:
    there = Path(shutil.copytree(out, tmp_path / "out"))
    shutil.rmtree(there / "ledger" / "derived")
    [clip] = (there / "clips").rglob("*.flac")
    clip.write_bytes(b"no sound")
    failed = run(there, "events")
    assert (failed["made_now"], failed["failures"]) == (0, 2)
    failures = [json.loads(f.read_text()) for f in (there / "ledger/failed/events").glob("*.json")]
    assert {failure["recording_id"] for failure in failures} == {
        row["recording_id"] for row in rows(there, "recordings")
    }
