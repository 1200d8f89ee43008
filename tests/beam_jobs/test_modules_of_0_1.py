"""`python -m beam_jobs.JOB`, as schedulers of 0.1.0 start jobs: with the options of all."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from beam_jobs.modules_of_0_1 import own_arguments
from schemas.jobs import COMMANDS
from tests.beam_jobs.small_night import DAY
from tests.media import spoken, write


@pytest.mark.parametrize("job", [job.name for job in COMMANDS])
def test_every_job_is_found_by_its_module(job: str) -> None:
    spec = find_spec(f"beam_jobs.{job}")
    assert spec is not None
    assert spec.name == f"beam_jobs.{job}"


def test_other_modules_are_not_made_up() -> None:
    assert find_spec("beam_jobs.no_such_job") is None


def test_options_of_other_jobs_are_left_out_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--source=/a", "--out", "o", "--voice", "espeak", "--words-only", "--max-clip-s=60"]
    assert own_arguments("annotate", given) == ["--out", "o", "--max-clip-s=60"]
    assert capsys.readouterr().err.splitlines() == [
        f"af3: {flag} is no option of annotate and does nothing here; python -m beam_jobs annotate"
        " refuses it, and python -m beam_jobs.annotate ends with 0.3.0"
        for flag in ("--source", "--voice", "--words-only")
    ]


def test_a_job_runs_by_its_module_and_leaves_its_report(tmp_path: Path) -> None:
    write(tmp_path / "arc" / DAY / "a.wav", spoken()[:32_000])
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "beam_jobs.discover", "--source", str(tmp_path / "arc")]
    command += ["--out", str(tmp_path / "out"), "--model", "nano", "--report", str(report)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "af3: --model is no option of discover and does nothing here" in done.stderr
    assert json.loads(report.read_text())["facts"]["recordings_found"] == 1
