"""What changed against the night before, what failed, what it cost; and nights without tables."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from beam_jobs.cli import main
from tests.beam_jobs.night_report.archive import FIRST, SECOND, two_nights
from tests.beam_jobs.night_report.seen import Seen, page_of, read_page


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, shared: Path, untrained: Path) -> Path:
    copy = tmp_path_factory.mktemp("report") / "out"
    shutil.copytree(two_nights(shared, untrained), copy)
    return copy


def reported(out: Path, run_id: str, *options: str) -> Seen:
    assert main(["report", "--out", str(out), "--run-id", run_id, *options]) == 0
    return read_page(page_of(out, "default", run_id))


def reported_anew(out: Path, *options: str) -> tuple[Seen, Path]:
    """The page of a run that did nothing else, and where it lies."""
    before = set(out.rglob("report.html"))
    assert main(["report", "--out", str(out), *options]) == 0
    [page] = set(out.rglob("report.html")) - before
    return read_page(page), page


def test_skipped_and_failed_time_with_their_reasons(out: Path) -> None:
    page = reported(out, "both", "--date", SECOND)
    assert page.after("Hours", 12) == [
        *("In", "33 s", "3 recordings"),
        *("Annotated", "16 s", "48.5 %"),
        *("Skipped", "12 s", "36.4 %"),
        *("Failed", "5 s", "15.2 %"),
    ]
    assert page.after("Not annotated because of", 11) == [
        *("it was", "time", "share"),
        *("silence", "skipped", "12 s", "36.4 %"),
        *("DecodeFailed", "failed", "5 s", "15.2 %"),
    ]
    assert page.after("Failures", 2) == [
        "2 objects of the archive could not be used.",
        "Of 1 recording nothing could be annotated.",
    ]
    [message] = page.after("EmptyObject, 1 time", 1)
    assert message.endswith("/empty.wav: the object is empty (0 bytes); upload it again")
    assert "/lost.wav: no audio could be decoded" in page.after("DecodeFailed, 1 time", 1)[0]
    assert "NotMedia, 1 time" in page.texts


def test_the_second_night_is_compared_with_the_first(out: Path) -> None:
    page = reported(out, "both", "--date", SECOND)
    assert page.after("Against the night before", 18) == [
        "Compared with 20 November 2026.",
        *("before", "now", "change"),
        *("Recordings", "1", "3", "+2 (200 %)"),
        *("Hours in", "4 s", "33 s", "+29 s (725 %)"),
        *("Hours annotated", "4 s", "16 s", "+12 s (300 %)"),
        *("Answers with a flag", "100 %"),
    ]
    assert page.after("Objects that failed", 4) == [
        *("0 %", "60 %", "+60 percentage points"),
        "New kinds of failure: DecodeFailed, EmptyObject, NotMedia.",
    ]


def test_the_first_night_has_none_before_it(out: Path) -> None:
    page = reported(out, "both", "--date", FIRST)
    assert page.after("Hours", 6) == ["In", "4 s", "1 recording", "Annotated", "4 s", "100 %"]
    assert page.after("Against the night before", 1) == [
        "Of this corpus no earlier night is published."
    ]
    assert "Failures" not in page.texts


def test_several_nights_are_added_up_and_show_the_date_of_each_segment(out: Path) -> None:
    page = reported(out, "both")
    assert page.after("default", 1) == ["20 November 2026 to 21 November 2026 (2 nights), run"]
    assert page.after("Hours", 3) == ["In", "37 s", "4 recordings"]
    assert "Against the nights before" in page.texts
    assert page.after("news.wav", 1) == ["0:00 to 0:04, 20 November 2026"]
    assert page.after("Corpus", 11)[5:] == ["default", "2", "37 s", "20 s", "12 s", "5 s"]


def test_real_cost_stands_beside_the_estimate(out: Path) -> None:
    page = reported(out, "both", "--gpu-price", "1000")
    model_ms = json.loads((out / "reports/corpus=default/run=both/annotate.json").read_text())[
        "facts"
    ]["model_ms"]
    cost = f"{model_ms / 3_600:,.2f}"
    assert page.after("Speed and cost", 11) == [
        *("estimated", "this run", "all runs"),
        *("GPU hours", "1.03", "< 0.001", "< 0.001"),
        *("Cost, at 1,000 an hour", "1,027.80", cost, cost),
    ]
    [rate] = [text for text in page.texts if text.startswith("Rate: ")]
    assert rate.endswith("times real time, all tasks together, as run")


def test_a_run_that_asked_nothing_and_has_no_plan(out: Path) -> None:
    page, _ = reported_anew(out)
    assert page.after("GPU hours", 3) == ["–", "0", "< 0.001"]
    assert page.after("Cost, at 1,000 an hour", 2) == ["–", "0.00"]
    assert "This run has no plan, and so no estimate:" in page.texts


def test_a_run_without_tables_says_so(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "2026-12-24").mkdir()
    (tmp_path / "2026-12-24" / "empty.wav").touch()
    assert main(["discover", str(tmp_path), "--out", str(out), "--date", "2026-12-24"]) == 0
    page, path = reported_anew(out, "--date", "2026-12-24")
    assert page.after("Nothing is published", 1) == [
        "There are no tables of this corpus from 2026-12-24 to 2026-12-24. Publish the interval,"
        " then make the report again; or check the corpus and the dates."
    ]
    assert not page.all("svg")
    assert capsys.readouterr().out.splitlines()[-1] == f"page        {path}"
    facts = json.loads(path.with_name("report.json").read_text("utf-8"))["facts"]
    assert (facts["recordings"], facts["page"]) == (0, str(path))


def test_a_night_in_which_nothing_came_in(out: Path, tmp_path: Path) -> None:
    """Published, and without a row in any table but that of runs."""
    archive = tmp_path / "archive" / "2026-11-22"
    archive.mkdir(parents=True)
    (archive / "empty.wav").write_bytes(b"")
    common = ["--out", str(out), "--run-id", "later", "--date", "2026-11-22"]
    assert main(["discover", str(tmp_path / "archive"), *common]) == 0
    assert main(["publish", *common]) == 0
    page = reported(out, "later", "--date", "2026-11-22")
    assert "No price of a GPU hour is set:" in page.texts
    assert page.after("Hours", 3) == ["In", "0 h", "0 recordings"]
    assert page.after("EmptyObject, 1 time", 1)[0].endswith("upload it again")
    assert page.after("Against the night before", 8) == [
        "Compared with 21 November 2026.",
        *("before", "now", "change"),
        *("Recordings", "3", "0", "−3 (100 %)"),
    ]
    assert page.after("Answers with a flag", 3) == ["100 %", "–", "–"]
    assert "No longer seen: DecodeFailed, NotMedia." in page.texts
    assert page.after("The least certain", 1) == ["0 segments"]
    assert not page.all("article")
