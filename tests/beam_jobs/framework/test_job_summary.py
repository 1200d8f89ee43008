"""What a job says of itself: a summary for programs, less or more for people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beam_jobs.cli import main
from schemas.jobs import COMMANDS, JOBS, options_of_job
from tests.beam_jobs.small_night import DAY
from tests.media import spoken, write


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("summary") / "arc"
    write(folder / DAY / "a.wav", spoken())
    return folder


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_the_summary_is_one_object_and_alone(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ("--out", tmp_path / "out", "--run-id", "r")
    report = tmp_path / "report.json"
    assert run("discover", archive, *place, "--json", "--report", report) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert said.out.count("\n") == 1
    assert (told["job"], told["run_id"], told["exit_code"]) == ("discover", "r", 0)
    assert told["facts"]["recordings_found"] == 1
    assert told == json.loads(report.read_text())


def test_a_job_that_fails_says_so_in_its_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("segment", "--out", tmp_path, "--max-clip-s", "x", "--json") == 2
    said = capsys.readouterr()
    line = "argument --max-clip-s: x: write a number or auto; see af3 segment --help"
    told = json.loads(said.out)
    assert (told["exit_code"], told["error_class"], told["message"]) == (
        2,
        "ConfigurationError",
        line,
    )
    assert said.err == f"af3: {line}\n"


def test_less_and_more(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("discover", archive, "--out", tmp_path, "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    (archive / DAY / "a.txt").write_text("no sound")
    assert run("discover", archive, "--out", tmp_path, "--verbose", "--run-id", "r") == 0
    said = capsys.readouterr().err
    assert f"af3: passed over: {archive}/{DAY}/a.txt: .txt\n" in said
    assert ", run r\n" in said
    assert run("discover", archive, "--out", tmp_path, "--quiet", "--verbose") == 2
    assert capsys.readouterr().err == (
        "af3: --quiet and --verbose: one says less, the other more; take one\n"
    )
    gone = tmp_path / "gone"
    assert run("discover", gone, "--out", tmp_path, "--log-format", "json") == 1
    told = json.loads(capsys.readouterr().err)
    assert (told["level"], told["error_class"]) == ("error", "SourceUnreachable")
    assert str(gone) in told["message"]


def test_a_remedy_carries_the_place_that_was_given(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "my night"
    place = ("--out", out, "--corpus", "radio")
    assert run("discover", archive, *place) == 0
    assert run("events", *place, "--date", "2030-01-01") == 2
    assert f"run af3 plan --out '{out}' --corpus radio over them first" in capsys.readouterr().err


def test_every_job_takes_them_and_no_template_does() -> None:
    wanted = {"--json", "--quiet", "--verbose", "--log-format"}
    for job in (*JOBS, *COMMANDS):
        found = {known.flag: known for known in options_of_job(job) if known.flag in wanted}
        assert found.keys() == wanted
        assert not any(known.key or known.declared.on_templates for known in found.values())


def test_a_list_is_no_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("skills", "list", "--json") == 2
    assert capsys.readouterr() == ("", "af3: --json: af3 skills runs no job here; leave it out\n")
