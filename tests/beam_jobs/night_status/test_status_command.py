"""`af3 status` over small nights: what the archive holds against what is published."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from af3core.storage.address import store_at
from beam_jobs.cli import main
from beam_jobs.framework.ledger import Ledger
from beam_jobs.night import publish
from schemas import layout
from tests.beam_jobs.night.test_absence import archive_of, discovered, published, recording
from tests.beam_jobs.small_night import quick_tasks, settings_of
from tests.media import spoken, write

DAY, NEXT_DAY, THIRD_DAY, FOURTH_DAY = (f"2026-11-{day}" for day in (21, 22, 23, 24))
COUNTS = ("date", "objects", "planned", "published", "missing", "failed", "waiting")
Told = tuple[int, list[dict[str, Any]]]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "arc"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def told(out: Path, tmp_path: Path) -> Any:
    """Runs `af3 status`; gives its exit code and its rows."""

    def run(*arguments: object) -> Told:
        file = tmp_path / "status.json"
        given = [str(a) for a in arguments]
        code = main(["status", "--out", str(out), "--output", str(file), *given])
        return code, json.loads(file.read_text("utf-8"))

    return run


def counts(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in COUNTS) for row in rows]


def run_night(archive: Path, out: Path, model: Path, *options: str) -> int:
    limits = ("--max-failed-share=1", "--max-flagged-share=1", "--max-waiting-share=1")
    place = (str(archive), "--out", str(out), "--model", str(model))
    return main(["annotate", *place, "--tasks", quick_tasks(out), *limits, *options])


def test_complete_days_a_failed_recording_and_a_late_upload(
    archive: Path, out: Path, untrained: Path, told: Any
) -> None:
    write(archive / DAY / "news.wav", spoken())
    shutil.copy(archive / DAY / "news.wav", archive / DAY / "copy.wav")
    (archive / DAY / "broken.wav").write_bytes(b"RIFF of nothing")
    (archive / DAY / "notes.txt").write_text("no recording", "utf-8")
    assert run_night(archive, out, untrained) == 0

    code, rows = told()
    assert (code, counts(rows)) == (0, [(DAY, 3, 3, 3, 0, 1, 0)])
    assert rows[0]["awaiting_decision"] is False
    assert re.fullmatch(rf"{untrained.name}@[0-9a-f]{{12}}", rows[0]["models"])
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", rows[0]["last_published"])

    recording(archive / DAY / "late.wav", 1)  # after its night
    recording(archive / NEXT_DAY / "missed.wav", 2)  # no night at all
    code, rows = told()
    assert code == 3
    assert counts(rows) == [(DAY, 4, 3, 3, 1, 1, 0), (NEXT_DAY, 1, None, 0, 1, 0, 0)]
    assert (rows[1]["models"], rows[1]["last_published"]) == (None, None)

    # of two models: the captions are asked anew, the transcripts stand
    other = out.parent / "other"
    shutil.copytree(untrained, other)
    assert run_night(archive, out, other, "--only", "caption") == 0
    code, rows = told(archive)
    assert (code, counts(rows)) == (0, [(DAY, 4, 4, 4, 0, 1, 0), (NEXT_DAY, 1, 1, 1, 0, 0, 0)])
    assert re.fullmatch(rf"mixed: other@\w+, {untrained.name}@\w+", rows[0]["models"])


def test_an_object_that_failed_is_missing_once_it_is_another(
    archive: Path, out: Path, untrained: Path, told: Any
) -> None:
    """An upload that stalled empty, and was done after its night."""
    late = archive / DAY / "late.wav"
    write(archive / DAY / "news.wav", spoken())
    late.write_bytes(b"")
    assert run_night(archive, out, untrained) == 0
    assert counts(told()[1]) == [(DAY, 2, 2, 2, 0, 1, 0)]
    to_come = time.time() + 3600
    os.utime(late, (to_come, to_come))  # a clock that is wrong
    assert counts(told()[1]) == [(DAY, 2, 2, 2, 0, 1, 0)]

    late.unlink()
    recording(late, 1)
    assert counts(told()[1]) == [(DAY, 2, 2, 2, 1, 1, 0)]
    # planned, and not done: it is missing still
    discovered(archive, out)
    assert counts(told()[1]) == [(DAY, 2, 2, 2, 1, 1, 0)]


def test_days_that_lack_something_alone(
    archive: Path, out: Path, untrained: Path, told: Any
) -> None:
    archive_of(archive, 2)
    discovered(archive, out)
    published(archive, out, untrained)  # uncut
    archive_of(archive, 1, NEXT_DAY)
    assert counts(told()[1]) == [(DAY, 2, 2, 2, 0, 0, 2), (NEXT_DAY, 1, None, 0, 1, 0, 0)]
    code, rows = told("--since", NEXT_DAY, "--incomplete")
    assert (code, counts(rows)) == (3, [(NEXT_DAY, 1, None, 0, 1, 0, 0)])
    (archive / NEXT_DAY / "r0.wav").unlink()
    assert told("--since", NEXT_DAY, "--incomplete") == (0, [])


def test_a_plan_over_budget_awaits_a_decision(
    archive: Path, out: Path, untrained: Path, told: Any
) -> None:
    archive_of(archive, 2)
    assert run_night(archive, out, untrained, "--max-gpu-hours", "0") == 1
    archive_of(archive, 1, NEXT_DAY)
    place = ("--out", str(out), "--model", str(untrained), "--tasks", quick_tasks(out))
    assert main(["plan", str(archive), *place, "--date", NEXT_DAY, "--max-gpu-hours", "0"]) == 0
    archive_of(archive, 1, THIRD_DAY)
    dry = ("--date", THIRD_DAY, "--dry-run", "--max-gpu-hours", "0")
    assert run_night(archive, out, untrained, *dry) == 0
    archive_of(archive, 1, FOURTH_DAY)
    assert main(["plan", str(archive), *place, "--date", FOURTH_DAY]) == 0
    code, rows = told()
    assert code == 3
    assert counts(rows) == [
        (DAY, 2, 2, 0, 2, 0, 0),
        (NEXT_DAY, 1, 1, 0, 1, 0, 0),
        (THIRD_DAY, 1, 1, 0, 1, 0, 0),
        (FOURTH_DAY, 1, 1, 0, 1, 0, 0),
    ]
    assert [row["awaiting_decision"] for row in rows] == [True, True, True, False]
    assert run_night(archive, out, untrained, "--max-gpu-hours", "0", "--yes") == 0
    code, rows = told()
    assert (code, [row["awaiting_decision"] for row in rows]) == (0, [False] * 4)


def test_objects_are_dated_as_plan_recorded_it(
    archive: Path, out: Path, untrained: Path, told: Any
) -> None:
    place = ("--out", str(out), "--model", str(untrained), "--tasks", quick_tasks(out))
    late = recording(archive / "a.wav", 1)
    late_in_utc = 1_795_303_800  # 2026-11-21 23:30
    os.utime(late, (late_in_utc, late_in_utc))
    dating = ("--date-from", "mtime", "--timezone", "Europe/Berlin")
    assert main(["plan", str(archive), *place, *dating]) == 0
    assert counts(told()[1]) == [(NEXT_DAY, 1, 1, 0, 1, 0, 0)]
    # the days before and behind are of the same rule
    assert told("--until", DAY)[1] == []
    os.utime(late, (late_in_utc - 7200, late_in_utc - 7200))
    assert counts(told("--date", DAY)[1]) == [(DAY, 1, None, 0, 1, 0, 0)]


def test_days_of_several_rules_are_no_one_listing(
    archive: Path, out: Path, untrained: Path, capsys: pytest.CaptureFixture[str], told: Any
) -> None:
    place = ("--out", str(out), "--model", str(untrained), "--tasks", quick_tasks(out))
    for day, rule in ((DAY, "auto"), (NEXT_DAY, "path")):
        archive_of(archive, 1, day)
        assert main(["plan", str(archive), *place, "--date", day, "--date-from", rule]) == 0
    assert main(["status", "--out", str(out)]) == 2
    assert (
        f"{DAY} and {NEXT_DAY} of corpus default were listed by different rules"
        in capsys.readouterr().err
    )
    assert counts(told("--since", NEXT_DAY)[1]) == [(NEXT_DAY, 1, 1, 0, 1, 0, 0)]


def test_an_object_of_another_size_is_not_what_is_published(
    archive: Path, out: Path, untrained: Path, told: Any
) -> None:
    first, _ = archive_of(archive, 2)
    discovered(archive, out)
    published(archive, out, untrained)
    first.write_bytes(first.read_bytes() + b"longer")
    assert counts(told()[1]) == [(DAY, 2, 2, 2, 1, 0, 2)]


def test_what_any_suffix_looked_at_in_vain_is_not_missing(
    archive: Path, out: Path, untrained: Path, told: Any
) -> None:
    archive_of(archive, 1)
    (archive / DAY / "notes").write_text("no media", "utf-8")
    place = ("--out", str(out), "--model", str(untrained), "--tasks", quick_tasks(out))
    assert main(["plan", str(archive), *place, "--any-suffix"]) == 0
    publish.run(settings_of(archive, out, untrained, job="publish"))
    assert counts(told()[1]) == [(DAY, 2, 1, 1, 0, 0, 1)]
    shutil.copy(archive / DAY / "r0.wav", archive / DAY / "nameless")
    assert counts(told()[1]) == [(DAY, 3, 1, 1, 1, 0, 1)]


def test_an_archive_that_is_not_there_is_an_error(
    archive: Path, out: Path, untrained: Path, capsys: pytest.CaptureFixture[str], told: Any
) -> None:
    archive_of(archive, 1)
    discovered(archive, out)
    published(archive, out, untrained)
    archive.rename(archive.parent / "away")
    assert main(["status", "--out", str(out)]) == 1
    assert (
        f"{archive}: the archive cannot be listed now, and what a day lacks is not known"
        in capsys.readouterr().err
    )
    archive.mkdir()  # a mount point without its mount
    for day in (DAY, NEXT_DAY):
        assert main(["status", "--out", str(out), "--date", day]) == 1
        assert f"{archive}: holds no recordings now" in capsys.readouterr().err


@pytest.mark.skipif(os.getuid() == 0, reason="root may list all")
def test_a_folder_that_cannot_be_listed_is_an_error_for_users(
    archive: Path, out: Path, told: Any
) -> None:
    archive_of(archive, 1)
    discovered(archive, out)
    (archive / NEXT_DAY).mkdir(mode=0)
    assert main(["status", "--out", str(out)]) == 1


def test_an_object_without_a_day_that_cannot_be_looked_at_is_an_error(
    archive: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive_of(archive, 1)
    discovered(archive, out)
    (archive / "later.wav").symlink_to(archive / "unmounted.wav")
    assert main(["status", "--out", str(out)]) == 1
    assert (
        f"{archive}: not all of it can be listed now ({archive}/later.wav)"
        in capsys.readouterr().err
    )


def test_days_of_several_archives_count_by_their_plans(
    archive: Path, out: Path, untrained: Path, capsys: pytest.CaptureFixture[str], told: Any
) -> None:
    archive_of(archive, 1)
    other = archive.parent / "tapes"
    archive_of(other, 2, NEXT_DAY)
    discovered(archive, out)
    discovered(other, out, "--date", NEXT_DAY)
    assert counts(told()[1]) == [(DAY, None, 1, 0, 1, 0, 0), (NEXT_DAY, None, 2, 0, 2, 0, 0)]
    assert "no archive is listed, as 2 archives were planned" in capsys.readouterr().err
    assert counts(told(archive)[1]) == [(DAY, 1, 1, 0, 1, 0, 0), (NEXT_DAY, None, 2, 0, 2, 0, 0)]
    published(archive, out, untrained)
    assert counts(told(archive)[1]) == [(DAY, 1, 1, 1, 0, 0, 1), (NEXT_DAY, None, 2, 2, 0, 0, 2)]


def test_a_damaged_plan_is_an_error(
    archive: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive_of(archive, 1)
    discovered(archive, out)
    store = store_at(str(out))
    store.write(layout.manifest_key("default", DAY), b"{")
    assert main(["status", "--out", str(out)]) == 1
    assert "manifests/corpus=default" in capsys.readouterr().err


def test_what_nobody_planned_is_named(
    archive: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive_of(archive, 1)
    assert main(["status", str(archive), "--out", str(out)]) == 2
    assert f"--out {out}: no night was planned there" in capsys.readouterr().err
    discovered(archive, out, "--corpus", "radio")
    assert main(["status", str(archive), "--out", str(out), "--corpus", "radoi"]) == 2
    assert "did you mean radio?" in capsys.readouterr().err
    assert main(["status", str(out), "--out", str(out), "--corpus", "radio"]) == 2
    assert "is --out too" in capsys.readouterr().err
    assert main(["status", "--out", str(out), "--corpus", "radio", "--since", "x"]) == 2
    assert "--since x: no day" in capsys.readouterr().err


def test_every_form_has_the_rows(archive: Path, out: Path, tmp_path: Path) -> None:
    archive_of(archive, 1)
    discovered(archive, out)
    ledger = Ledger(store_at(str(out)))
    assert ledger.manifest("default", DAY) is not None
    for form in ("table", "csv", "json", "jsonl", "parquet", "markdown"):
        given = ["--format", form, "--output", str(tmp_path / form)]
        assert main(["status", "--out", str(out), *given]) == 3
    assert (tmp_path / "csv").read_text("utf-8") == (
        "date,objects,planned,published,missing,failed,waiting,awaiting_decision,models,"
        f"last_published\n{DAY},1,1,0,1,0,0,false,,\n"
    )
    table = pq.read_table(tmp_path / "parquet")
    assert str(table.schema.field("date").type) == "date32[day]"
    assert table.column("missing").to_pylist() == [1]
    given = ["--date", THIRD_DAY, "--format", "parquet", "--output", str(tmp_path / "none")]
    assert main(["status", "--out", str(out), *given]) == 0
    assert pq.read_table(tmp_path / "none").num_rows == 0
