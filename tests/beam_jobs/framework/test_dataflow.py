"""A job as the one element of a pipeline, as templates start it: its report tells how it ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from af3core.errors import ConfigurationError
from af3core.storage.address import open_store
from beam_jobs.framework.dataflow import split_options, start
from schemas import layout
from schemas.jobs import job_named, options_of_job
from schemas.options.option import as_arguments
from tests.beam_jobs.small_night import DAY, all_rows, make_archive, night, quick_tasks
from tests.storage_server import BUCKET, bucket, upload

pytestmark = pytest.mark.storage_server

OUT = f"gs://{BUCKET}/nights/out"
JOBS = ("plan", "segment", "annotate", "audit", "publish", "report")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[str]:
    folder = make_archive(tmp_path / "arc")
    with bucket():
        upload(folder, folder.rglob("*"), "arc")
        yield f"gs://{BUCKET}/arc"


def options(job: str, archive: str, checkpoint: Path, *more: str) -> list[str]:
    """What a scheduler gives a job of a night: its own options, and those of the plan."""
    values = {
        "source": archive,
        "out": OUT,
        "run_id": "r1",
        "since": DAY,
        "until": DAY,
        "model": str(checkpoint),
        "tasks": quick_tasks(OUT),
        "max_flagged_share": 1.0,
    }
    given = [*as_arguments(values, options_of_job(job_named(job), accepted=True)), *more]
    return [*given, "--runner=FnApiRunner", "--job_name=radio-segment", "--direct_num_workers=1"]


def report(job: str, part: layout.Part = layout.WHOLE) -> dict[str, Any]:
    key = layout.report_key("default", "r1", job, part)
    found: dict[str, Any] = json.loads(open_store(OUT).read(key) or b"null")
    return found


def test_a_night_of_such_jobs(archive: str, untrained: Path, tmp_path: Path) -> None:
    for job in JOBS:
        parts = ("--part=0/2", "--part=1/2") if job == "annotate" else ("",)
        for part in filter(None, parts) if job == "annotate" else ("",):
            more = [part] if part else []
            start(job, options(job, archive, untrained, *more))
    assert [report(job)["exit_code"] for job in JOBS if job != "annotate"] == [0] * 5
    asked = sum(report("annotate", (n, 2))["facts"].get("clips_asked", 0) for n in (0, 1))
    undisturbed = tmp_path / "undisturbed"
    night(tmp_path / "arc", undisturbed, untrained)
    assert asked == len(list(undisturbed.glob("ledger/annotate/*/*/*/*.json")))
    assert all_rows(OUT, archive) == all_rows(undisturbed, tmp_path / "arc")


def test_a_job_that_fails_says_why_in_its_report(archive: str, untrained: Path) -> None:
    start("plan", options("plan", archive, untrained))
    start("audit", options("audit", archive, untrained))
    failed = report("audit")
    assert (failed["exit_code"], failed["error_class"]) == (1, "AuditFailed")
    assert "2 of 2 recordings wait to be decoded, more than the 5% allowed" in failed["message"]
    start("plan", options("plan", archive, untrained, "--corpus=Wrong"))
    key = layout.report_key("Wrong", "r1", "plan")
    wrong = json.loads(open_store(OUT).read(key) or b"")
    assert (wrong["exit_code"], wrong["error_class"]) == (2, "ConfigurationError")


def test_options_go_to_whom_they_belong(archive: str, untrained: Path) -> None:
    ours, services = split_options(
        "annotate", options("annotate", archive, untrained, "--part=1/2")
    )
    assert services == ["--runner=FnApiRunner", "--job_name=radio-segment"]
    assert ours[-3:] == [
        "--part=1/2",
        "--direct_num_workers=1",
        f"--report={OUT}/reports/corpus=default/run=r1/annotate-1-of-2.json",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out=/tmp/out", "--run-id=r"], "a worker's results go to gs://BUCKET/PREFIX"),
        ([f"--out={OUT}"], "--run-id is missing"),
        ([f"--out={OUT}", "--run-id=r", "--prat=0/2"], "unknown option --prat=0/2"),
        ([f"--out={OUT}", "--run-id=r", "--part=2/2"], "--part 2/2: write NUMBER/COUNT"),
    ],
)
def test_wrong_options_start_no_worker(arguments: list[str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        start("annotate", arguments)
