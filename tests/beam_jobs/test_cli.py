"""The `af3` command as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beam_jobs.cli import main
from tests.beam_jobs.small_night import DAY, QUICK_TASKS, TOLERANT
from tests.media import spoken, write


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    write(tmp_path / "arc" / DAY / "a.wav", spoken())
    (tmp_path / "tasks.yaml").write_text(QUICK_TASKS)
    return tmp_path / "arc"


def run(*arguments: object) -> int:
    """The exit code, also where argparse ends the program."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as end:
        return int(end.code or 0)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--only", "captions"], "af3: --only captions: unknown task; known are caption, tra"),
        (["--tasks", "none.yaml"], "af3: none.yaml: cannot be read as a task file"),
        (["--max-segment-s", "31"], "af3: --max-segment-s must lie between 0.5 and 30"),
        (["--date", "yesterday"], "af3: --date yesterday: no day; write YYYY-MM-DD"),
        (["--date", "2026-11-21", "--since", "2026-11-01"], "af3: --date stands for one day"),
        (["--corpus", "My Corpus"], "af3: --corpus My Corpus: lower-case letters"),
        (["--ask", "Is it sad?"], "af3: --ask 'Is it sad?': write NAME=QUESTION"),
        (["--shards", "0"], "af3: --shards 0: must be more than 0"),
        (["--model", "no/such model"], "af3: --model no/such model: neither nano, nor a folder"),
        (
            ["--dtype", "int8", "--engine", "transformers"],
            "af3: --dtype int8 is of --engine af3, not of transformers",
        ),
        (["--qestion", "x"], "af3: unknown option --qestion; see --help"),
    ],
)
def test_a_wrong_option_is_one_line_and_exit_code_2_before_any_work(
    archive: Path,
    untrained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    line: str,
) -> None:
    out = tmp_path / "out"
    model = [] if "--model" in options else ["--model", untrained]
    assert run("annotate", archive, "--out", out, *model, *options) == 2
    error = capsys.readouterr().err
    assert error.startswith(line)
    assert error.count("\n") == 1
    assert not out.exists()


def test_a_missing_folder_is_exit_code_2(
    tmp_path: Path, untrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    assert run("annotate", gone, "--out", tmp_path / "out", "--model", untrained) == 2
    assert str(gone) in capsys.readouterr().err


def test_listing_and_cutting_need_no_model(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("discover", archive, "--out", out) == 0
    assert run("segment", "--out", out, "--model", "not/here") == 0


def test_beams_own_options_go_to_beam(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    workers = ("--direct_num_workers", "2", "--direct_running_mode")
    assert run("discover", archive, "--out", out, *workers, "multi_threading") == 0
    assert run("segment", *workers, "multi_processing", "--out", out) == 0
    assert "recordings_cut: 1\n" in capsys.readouterr().out


def test_the_jobs_run_alone_in_order(
    archive: Path, untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    common = ("--out", out, "--model", untrained, "--tasks", tmp_path / "tasks.yaml")
    assert run("discover", archive, "--out", out) == 0
    assert capsys.readouterr().out == "recordings_found: 1\n"
    assert run("segment", *common) == 0
    assert "recordings_cut: 1\n" in capsys.readouterr().out
    assert run("annotate", *common) == 0
    answered = capsys.readouterr().out
    counters = dict(line.split(": ") for line in answered.splitlines())
    assert counters.keys() == {"answers_made", "asked_ms", "clips_asked", "failures", "model_ms"}
    assert (counters["answers_made"], counters["clips_asked"]) == ("2", "1")
    assert run("publish", *common) == 0
    assert "partitions_published: 1\n" in capsys.readouterr().out
    assert run("query", "--out", out, "SELECT count(*) AS n FROM captions") == 0
    assert "1" in capsys.readouterr().out


def test_a_night_ends_with_its_summary(
    archive: Path, untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    given = ("--model", untrained, "--tasks", tmp_path / "tasks.yaml", *TOLERANT)
    assert run("annotate", archive, "--out", out, *given) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("audit       passed: 1 recordings, 0:0")
    assert lines[1].startswith("recordings  1, 0:0")
    assert lines[2].endswith("2 answers made by this run")
    assert f"tables      {out / 'tables'}" in lines
    page = Path(lines[-1].removeprefix("page        "))
    assert page.parts[-4:-2] == ("reports", "corpus=default")
    assert page.read_text().startswith("<!doctype html>")
    report = Path(lines[-2].removeprefix("report      "))
    assert report == page.with_name("night.json")
    assert json.loads(report.read_text())["facts"]["gpu_hours_planned"] > 0
    assert run("annotate", archive, "--out", out, *given) == 0
    lines = capsys.readouterr().out.splitlines()
    assert not any(line.startswith("page") for line in lines)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    text = capsys.readouterr().out
    for command in ("discover", "segment", "annotate", "publish", "query"):
        assert f"\n  {command} " in text
