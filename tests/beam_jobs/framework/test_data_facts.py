"""What a job's report says of the data that it read and wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from af3core.model.weights.checkpoint import find_checkpoint
from beam_jobs.cli import main
from beam_jobs.framework.data_facts import note_written
from schemas.reports import DataFacts, JobReport, WrittenTable
from tests.beam_jobs.small_night import DAY, make_archive, quick_tasks, rows

TABLES = ("answers", "captions", "failures", "recordings", "runs", "segments", "transcripts")


@pytest.fixture(scope="module")
def out(untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night job by job: the audit first refuses it, for one recording of three is none."""
    folder = tmp_path_factory.mktemp("facts")
    archive, out = make_archive(folder / "archive"), folder / "out"
    (archive / DAY / "broken.wav").write_text("not a recording at all " * 100)
    place = ["--out", str(out), "--run-id", "r", "--date", DAY]
    model = ["--model", str(untrained), "--tasks", quick_tasks(out)]
    assert main(["plan", str(archive), *place, *model]) == 0
    assert main(["segment", *place]) == 0
    assert main(["annotate", *place]) == 0
    assert main(["audit", *place, "--report", str(folder / "refused.json")]) == 1
    assert main(["publish", *place]) == 0
    assert main(["report", *place]) == 0
    return out


def report(out: Path, job: str) -> JobReport:
    (path,) = out.glob(f"reports/corpus=*/run=r/{job}.json")
    return JobReport.from_bytes(path.read_bytes())


def test_plan_and_publish_name_the_archive_and_its_objects(out: Path) -> None:
    archive = str(out.parent / "archive")
    assert report(out, "plan").data.read == report(out, "publish").data.read == {archive: 3}
    assert report(out, "plan").data.written == {}


def test_publish_counts_the_rows_of_each_table(out: Path, untrained: Path) -> None:
    data = report(out, "publish").data
    assert set(data.written) == set(TABLES)
    for name, written in data.written.items():
        held = rows(out, name)
        flagged = sum(bool(row.get("flags")) for row in held)
        assert (written.rows, written.objects, written.flagged_rows) == (len(held), 1, flagged)
        (path,) = out.glob(f"tables/{name}/*/*/*.parquet")
        assert written.size_bytes == path.stat().st_size
    assert (data.written["recordings"].rows, data.written["failures"].rows) == (2, 1)
    assert data.out == str(out)
    checkpoint = find_checkpoint(str(untrained))
    assert (data.model, data.weights_revision) == (checkpoint.name, checkpoint.revision)


def test_counts_of_rows_are_no_facts_of_the_job(out: Path) -> None:
    facts = report(out, "publish").facts
    assert facts == {"objects_published": 6, "partitions_published": 1, "is_changed": True}
    assert note_written({"made": 3, "written_rows:captions": 2}) == {"made": 3}


def test_a_night_that_the_audit_refused_has_its_counts(out: Path) -> None:
    refused = JobReport.from_bytes((out.parent / "refused.json").read_bytes())
    assert (refused.error_class, refused.exit_code) == ("AuditFailed", 1)
    assert (refused.facts["recordings"], refused.facts["not_recordings"]) == (2, 1)
    assert refused.facts["answers"] > 0


def test_the_report_says_that_nothing_waits(out: Path) -> None:
    assert report(out, "report").facts["recordings_waiting"] == 0


def test_a_report_of_before_is_read() -> None:
    held = JobReport("plan", "r", "c", "d", "d", "t", 1.0, 0).to_json()
    del held["data"]
    assert JobReport.from_bytes(json.dumps(held)).data == DataFacts()
    held["data"] = {"written": {"captions": {"rows": 3}}}
    assert JobReport.from_json(held).data.written == {"captions": WrittenTable(rows=3)}
