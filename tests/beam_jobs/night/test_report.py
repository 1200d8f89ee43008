"""Every job leaves a report of how it ended; the report of a run compares cost and plan."""

from __future__ import annotations

import datetime
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from beam_jobs.cli import main
from beam_jobs.night.report import costs
from schemas.reports import DataFacts, JobReport
from tests.beam_jobs.small_night import DAY, QUICK_TASKS
from tests.media import spoken, write

LOOSE = ("--max-flagged-share", "1")
"""The words of a model without training are all in doubt."""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    write(tmp_path / "arc" / DAY / "a.wav", spoken()[:64_000])
    (tmp_path / "tasks.yaml").write_text(QUICK_TASKS)
    return tmp_path / "arc"


def read(path: Path) -> JobReport:
    return JobReport.from_json(json.loads(path.read_text("utf-8")))


def kept(out: Path, run_id: str, job: str) -> JobReport:
    """The report that lies beside the tables."""
    return read(out / "reports" / "corpus=default" / f"run={run_id}" / f"{job}.json")


def without_times(report: JobReport) -> dict[str, Any]:
    """A report's values but those of the clock, which must make sense."""
    value = report.to_json()
    started = datetime.datetime.fromisoformat(value.pop("started_at"))
    assert started.tzinfo == datetime.UTC
    assert 0 <= value.pop("seconds") < 600
    return value


def test_a_report_comes_back_from_json() -> None:
    report = JobReport(
        job="audit",
        run_id="r1",
        corpus="radio",
        since="2026-11-20",
        until="2026-11-21",
        started_at="2026-11-22T03:04:05.678+00:00",
        seconds=1.5,
        exit_code=1,
        error_class="AuditFailed",
        message="not published: „zu viel“",
        permanent=True,
        facts={"planned": 2, "causes": {"NotMedia": 1}, "broken": ["a"], "mean": None},
    )
    assert JobReport.from_json(json.loads(json.dumps(report.to_json()))) == report
    assert JobReport.from_json(report.to_json() | {"colour": "red"}) == report


def test_a_done_job_leaves_its_facts_beside_the_tables_and_in_the_named_file(
    archive: Path, tmp_path: Path
) -> None:
    out, file = tmp_path / "out", tmp_path / "discover.json"
    options = ("--run-id", "r1", "--since", "2026-11-20", "--until", DAY, "--report", str(file))
    assert main(["discover", str(archive), "--out", str(out), *options]) == 0
    report = without_times(read(file))
    facts = report.pop("facts")
    assert (facts["recordings_found"], facts["missing"], facts["missing_objects"]) == (1, 0, [])
    assert report == {
        "job": "discover",
        "run_id": "r1",
        "corpus": "default",
        "since": "2026-11-20",
        "until": "2026-11-21",
        "exit_code": 0,
        "error_class": "",
        "message": "",
        "permanent": False,
        "waiting": {},
        "data": {
            "out": str(out),
            "read": {},
            "written": {},
            "model": "",
            "weights_revision": "",
        },
    }
    assert kept(out, "r1", "discover") == read(file)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_failed_audit_is_permanent_with_exit_code_1(
    archive: Path, untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, file = tmp_path / "out", tmp_path / "audit.json"
    common = ["--out", str(out), "--run-id", "r1"]
    assert main(["discover", str(archive), *common]) == 0
    assert main(["segment", *common]) == 0
    capsys.readouterr()
    assert main(["audit", *common, "--model", str(untrained), "--report", str(file)]) == 1
    message = (
        "not published: 0:04 of 0:04 of the audio waits to be annotated, more than the 5% allowed;"
        " run annotate again"
    )
    assert capsys.readouterr().err == f"af3: {message}\n"
    report = without_times(read(file))
    facts, data = report.pop("facts"), report.pop("data")
    assert (facts["recordings"], facts["answers"], data["written"]) == (1, 0, {})
    assert facts["not_annotated_ms"] == facts["duration_ms"] > 0
    assert report == {
        "job": "audit",
        "run_id": "r1",
        "corpus": "default",
        "since": "0001-01-01",
        "until": "9999-12-31",
        "exit_code": 1,
        "error_class": "AuditFailed",
        "message": message,
        "permanent": True,
        "waiting": {},
    }
    assert kept(out, "r1", "audit") == read(file)


def test_a_failure_that_may_pass_is_not_permanent(archive: Path, tmp_path: Path) -> None:
    out, file = tmp_path / "out", tmp_path / "segment.json"
    assert main(["discover", str(archive), "--out", str(out)]) == 0
    (manifest,) = (out / "manifests").rglob("*.json")
    manifest.write_text(manifest.read_text()[:-5])
    assert main(["segment", "--out", str(out), "--report", str(file)]) == 1
    report = read(file)
    assert (report.exit_code, report.error_class, report.permanent) == (1, "DamagedObject", False)
    again = f"run af3 plan --out {out} over its day again"
    assert report.message == f"{manifest}: damaged (no JSON); {again}"


def test_a_wrong_option_is_exit_code_2_in_the_named_file_alone(
    archive: Path, untrained: Path, tmp_path: Path
) -> None:
    out, file = tmp_path / "out", tmp_path / "plan.json"
    common = ["--source", str(archive), "--out", str(out), "--model", str(untrained)]
    given = [*common, "--report", str(file), "--date", "yesterday", "--run-id", "r1"]
    assert main(["plan", *given]) == 2
    assert without_times(read(file)) == {
        "job": "plan",
        "run_id": "r1",
        "corpus": "default",
        "since": "",
        "until": "",
        "exit_code": 2,
        "error_class": "ConfigurationError",
        "message": "--date yesterday: no day; write YYYY-MM-DD",
        "permanent": True,
        "waiting": {},
        "facts": {},
        "data": DataFacts().to_json(),
    }
    assert not out.exists()


def test_a_job_as_a_process_ends_with_the_code_of_its_report(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    command = [sys.executable, "-m", "beam_jobs", "plan", str(tmp_path / "gone")]
    command += ["--out", str(tmp_path / "out"), "--report", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    message = f"SOURCE {tmp_path / 'gone'}: there is no such folder or file"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"af3: {message}\n")
    assert (read(file).exit_code, read(file).message) == (2, message)


@pytest.mark.parametrize(
    ("planned", "model_ms", "expected"),
    [
        (1.25, 5_400_000, {"gpu_hours_planned": 1.25, "gpu_hours_used": 1.5, "cost": 3.75}),
        (None, 1_200_000, {"gpu_hours_planned": None, "gpu_hours_used": 0.3333, "cost": 0.83}),
        (0.0, 0, {"gpu_hours_planned": 0.0, "gpu_hours_used": 0.0, "cost": 0.0}),
    ],
)
def test_used_gpu_hours_stand_beside_the_planned(
    planned: float | None, model_ms: int, expected: dict[str, Any]
) -> None:
    assert costs(planned, model_ms, gpu_price=2.5) == expected


def test_the_report_of_a_run_compares_its_cost_with_its_own_plan(
    archive: Path, untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    common = ["--out", str(out), "--model", str(untrained), "--tasks", str(tmp_path / "tasks.yaml")]
    run = [*common, "--run-id", "r1", "--gpu-rate", "0.01", "--gpu-price", "1000"]
    for job in (["plan", str(archive)], ["segment"], ["annotate"], ["audit", *LOOSE], ["publish"]):
        assert main([*job, *run]) == 0
    capsys.readouterr()
    assert main(["report", *run]) == 0
    lines = capsys.readouterr().out.splitlines()
    facts = kept(out, "r1", "report").facts
    model_ms = kept(out, "r1", "annotate").facts["model_ms"]
    assert facts["gpu_hours_planned"] == 0.1111  # 4 s at a hundredth of real time
    assert facts["gpu_hours_used"] == round(model_ms / 3_600_000, 4)
    assert (
        abs(facts["cost"] - model_ms / 3_600) < 0.0051
    )  # to the cent; half a cent may go either way
    assert (facts["recordings"], facts["duration_ms"], facts["annotated_ms"]) == (1, 4_000, 4_000)
    assert facts["answers_made"] == 2
    assert lines[0] == "recordings  1, 0:04 of audio"
    assert lines[1] == "annotated   0:04, 2 answers made by this run"
    assert re.fullmatch(r"GPU hours   [0-9.e-]+ used, 0\.111 estimated", lines[-3])
    folder = out / "reports" / "corpus=default" / "run=r1"
    assert lines[-2] == f"report      {folder / 'report.json'}"
    assert lines[-1] == f"page        {folder / 'report.html'}"
    assert facts["page"] == str(folder / "report.html")
    assert (folder / "report.html").read_text("utf-8").startswith("<!doctype html>")

    # another attempt of the same run finds nothing to ask, and forgets no cost
    assert main(["annotate", *run]) == 0
    assert main(["report", *run]) == 0
    assert kept(out, "r1", "report").facts["gpu_hours_used"] == facts["gpu_hours_used"]
    capsys.readouterr()

    assert main(["report", *common]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert not any(line.startswith("GPU hours") for line in lines)
    other = read(Path(lines[-2].removeprefix("report      "))).facts
    assert (other["recordings"], other["answers_made"]) == (1, 0)
    assert (other["gpu_hours_planned"], other["gpu_hours_used"]) == (None, 0.0)


def test_a_report_of_an_unknown_run_is_none(
    archive: Path, untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["plan", str(archive), "--out", str(out), "--model", str(untrained)]) == 0
    for _ in range(2):  # the first one leaves a report of its own
        capsys.readouterr()
        assert main(["report", "--out", str(out), "--run-id", "unknown"]) == 2
        assert capsys.readouterr().err == (
            f"af3: --run-id unknown: no job of corpus default was run under this name in {out};"
            " those that published stand in the table runs: af3 query 'SELECT run_id FROM runs'"
            f" --out {out}\n"
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--qestion", "x"], "unknown option --qestion; see --help"),
        (["--shards", "x"], "argument --shards: x: write a whole number; see af3 plan --help"),
        (["--run-id", "../x"], "--run-id ../x: letters, digits, _, - and dots, no dot first"),
        (["--max-gpu-hours", "nan"], "--max-gpu-hours nan: must be 0 or more"),
        (["--gpu-price", "-1"], "--gpu-price -1: must be 0 or more"),
        (["--runner", "Foo"], "Beam's options: Unexpected pipeline runner: Foo."),
    ],
)
def test_every_wrong_option_is_reported(options: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    told = ["--source", str(tmp_path / "archive"), "--out", str(tmp_path / "out")]
    assert main(["plan", *told, "--report", str(tmp_path / "r.json"), *options]) == 2
    report = JobReport.from_json(json.loads((tmp_path / "r.json").read_bytes()))
    assert (report.exit_code, report.error_class) == (2, "ConfigurationError")
    assert report.message.startswith(message)


def test_a_report_into_a_missing_folder_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["--out", str(tmp_path / "out"), "--report", str(tmp_path / "no" / "r.json")]
    assert main(["discover", str(tmp_path), *told]) == 2
    assert capsys.readouterr().err == (
        f"af3: --report {tmp_path}/no/r.json: its folder does not exist; make it\n"
    )
    assert not (tmp_path / "out").exists()


def test_what_draws_the_page_is_loaded_only_when_it_is_made() -> None:
    wanted = "[m for m in ('matplotlib', 'jinja2') if m in sys.modules]"
    code = f"import beam_jobs.night.report, sys; print({wanted})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
