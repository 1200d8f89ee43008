"""One night from recordings to tables: complete, resumable, nothing asked twice."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from beam_jobs.cli import main
from beam_jobs.night import whole_night
from beam_jobs.night.annotate import missing_work
from beam_jobs.night.plan import NothingFound
from schemas.tables.night_tables import TABLES
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.small_night import (
    DAY,
    QUICK_TASKS,
    TOLERANT,
    all_rows,
    make_archive,
    night,
    rows,
    settings_of,
)
from tests.media import programme, spoken, write


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def finished(archive: Path, untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("night") / "out"
    night(archive, out, untrained)
    return out


def test_every_table_has_its_schema_its_version_and_zstd(finished: Path) -> None:
    for table in TABLES:
        folder = finished / "tables" / table.name / "corpus=default" / f"date={DAY}"
        paths = list(folder.iterdir())
        assert [path.name for path in paths] == ["part-00000-of-00001.parquet"]
        metadata = pq.read_metadata(paths[0])
        assert metadata.metadata[b"af3.schema"] == table.name.encode()
        assert metadata.metadata[b"af3.schema_version"] == str(table.version).encode()
        assert pq.read_schema(paths[0]).names == [column.name for column in table.columns]
        if metadata.num_rows:
            assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_every_segment_has_a_caption_and_a_transcript_with_provenance(
    finished: Path, untrained: Path
) -> None:
    segments = rows(finished, "segments")
    asked = {s["segment_id"] for s in segments if s["status"] == "annotated"}
    assert len(asked) >= 4
    for table in ("captions", "transcripts"):
        answers = rows(finished, table)
        assert {row["segment_id"] for row in answers} == asked
        assert len(answers) == len(asked)
        assert {row["model"] for row in answers} == {untrained.name}
        assert all(row["mean_logprob"] < 0 for row in answers)
        assert {row["finish_reason"] for row in answers} <= {"stop", "length"}


def test_seconds_in_are_seconds_annotated_plus_seconds_skipped(finished: Path) -> None:
    recordings = rows(finished, "recordings")
    assert [Path(r["object_uri"]).name for r in recordings].count("long.mp3") == 1
    for row in recordings:
        skipped_ms = sum(part["duration_ms"] for part in row["skipped"])
        assert row["duration_ms"] == row["annotated_ms"] + skipped_ms
        assert row["status"] == "annotated"


def test_a_second_run_asks_nothing_and_leaves_the_tables_as_they_were(
    archive: Path, finished: Path, untrained: Path
) -> None:
    before = {t.name: rows(finished, t.name) for t in TABLES if t.name != "runs"}
    summary = night(archive, finished, untrained)
    assert summary.answers_made == 0
    assert {t.name: rows(finished, t.name) for t in TABLES if t.name != "runs"} == before


def test_one_more_question_asks_only_that_question(
    archive: Path, untrained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    night(archive, out, untrained)
    more = ("--ask", "mood=Is it sad?")
    asks = [
        a for w in missing_work(settings_of(archive, out, untrained, *more)) for a in w.questions
    ]
    assert len({ask.task_hash for ask in asks}) == 1
    summary = night(archive, out, untrained, *more)
    answers = rows(out, "answers")
    assert summary.answers_made == len(asks) == len(answers)
    assert {(row["task_id"], row["question"]) for row in answers} == {("mood", "Is it sad?")}


def test_the_same_content_twice_is_annotated_once(untrained: Path, tmp_path: Path) -> None:
    first = write(tmp_path / "arc" / DAY / "a.wav", programme(3))
    copy = tmp_path / "arc" / DAY / "sub" / "b.wav"
    copy.parent.mkdir()
    copy.write_bytes(first.read_bytes())
    out = tmp_path / "out"
    night(tmp_path / "arc", out, untrained)
    (recording,) = rows(out, "recordings")
    assert recording["object_uri"] == str(first)
    assert recording["duplicate_uris"] == [str(copy)]
    assert len(rows(out, "captions")) == recording["segment_count"]


def test_a_night_is_published_in_the_shards_that_it_has(
    archive: Path, untrained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    night(archive, out, untrained, "--shards", "3")
    before = rows(out, "captions")
    night(archive, out, untrained, "--shards", "5")
    names = {path.name for path in (out / "tables" / "captions").rglob("*.parquet")}
    assert names == {f"part-{n:05d}-of-00003.parquet" for n in range(3)}
    assert rows(out, "captions") == before


def test_days_are_partitions_and_an_interval_limits_the_work(
    untrained: Path, tmp_path: Path
) -> None:
    for day in ("2026-11-20", "2026-11-21"):
        write(tmp_path / "arc" / day / f"{day}.wav", programme(2))
    out = tmp_path / "out"
    night(tmp_path / "arc", out, untrained, "--date", "2026-11-20")
    dates = {path.parent.name for path in (out / "tables" / "captions").rglob("*.parquet")}
    assert dates == {"date=2026-11-20"}


@pytest.mark.parametrize("step", ["probe", "segment", "annotate"])
def test_a_damaged_ledger_object_is_named_and_made_anew(
    archive: Path, untrained: Path, tmp_path: Path, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    night(archive, out, untrained)
    before = all_rows(out, archive)
    path = sorted((out / "ledger" / step).rglob("*.json"))[0]
    held = path.read_text()
    path.write_text(held[: len(held) // 2])
    night(archive, out, untrained)
    line = f"af3: {path}: damaged (no JSON); it counts as missing and is made anew"
    assert capsys.readouterr().err.splitlines().count(line) == 1
    assert all_rows(out, archive) == before
    assert json.loads(path.read_text())["schema_version"] == 2


@pytest.mark.parametrize("remedy", ["delete it", "leave it"])
def test_a_truncated_manifest_does_not_change_the_shards(
    archive: Path, untrained: Path, tmp_path: Path, remedy: str
) -> None:
    out = tmp_path / "out"
    night(archive, out, untrained, "--shards", "2")
    before = all_rows(out, archive)
    [path] = (out / "manifests" / "corpus=default").glob("*.json")
    path.write_text(path.read_text()[:-20])
    if remedy == "delete it":
        path.unlink()
    night(archive, out, untrained)
    assert all_rows(out, archive) == before
    names = {path.name for path in (out / "tables" / "captions").rglob("*.parquet")}
    assert names == {"part-00000-of-00002.parquet", "part-00001-of-00002.parquet"}


def test_shards_of_another_count_are_removed_by_the_next_publishing(
    archive: Path, untrained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    night(archive, out, untrained, "--shards", "2")
    before = all_rows(out, archive)
    # what a release before left where a manifest was lost: every row twice
    for path in sorted((out / "tables").rglob("*-of-00002.parquet")):
        shutil.copy(path, path.with_name(path.name.replace("of-00002", "of-00004")))
    night(archive, out, untrained)
    assert all_rows(out, archive) == before
    assert list((out / "tables").rglob("*-of-00004.parquet")) == []


@pytest.fixture
def one(tmp_path: Path, untrained: Path) -> list[str]:
    """A command over one recording, whose words are all in doubt."""
    write(tmp_path / "arc" / DAY / "a.wav", spoken())
    (tmp_path / "tasks.yaml").write_text(QUICK_TASKS)
    place = [str(tmp_path / "arc"), "--out", str(tmp_path / "out"), "--run-id", "r1"]
    return [*place, "--model", str(untrained), "--tasks", str(tmp_path / "tasks.yaml")]


def test_a_night_beyond_the_limits_of_the_audit_publishes_nothing(
    one: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        (tmp_path / "arc" / DAY / f"letter{number}.wav").write_text(f"Letter {number}. " * 100)
    command = ["annotate", *one, "--max-flagged-share", "1"]
    assert main(command) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(
        "af3: not published: 3 of 4 recordings failed, more than the 25% allowed. Failures: 3"
        " NotMedia, such as "
    )
    assert error.endswith(
        ". Mend what failed and ask for it again (af3 retry --failed-by CLASS --out"
        f" {tmp_path / 'out'}), or allow more with --max-failed-share"
    )
    assert not (tmp_path / "out" / "tables").exists()
    report = json.loads(
        (tmp_path / "out" / "reports" / "corpus=default" / "run=r1" / "night.json").read_text()
    )
    assert (report["exit_code"], report["error_class"]) == (1, "AuditFailed")
    assert main([*command, "--max-failed-share", "0.8"]) == 0
    assert len(rows(tmp_path / "out", "recordings")) == 1
    assert len(rows(tmp_path / "out", "failures")) == 3
    # what is published stays where a later night fails
    (tmp_path / "arc" / DAY / "letter3.wav").write_text("Letter 3. " * 100)
    assert main([*command, "--max-failed-share", "0.01"]) == 1
    assert len(rows(tmp_path / "out", "failures")) == 3


def test_a_dry_run_ends_behind_the_plan_and_says_what_the_rest_costs(
    one: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cost = ["--gpu-rate", "0.01", "--gpu-price", "1000", "--max-gpu-hours", "0.01"]
    assert main(["annotate", *one, *cost, "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        "estimate    0.115 GPU hours, 114.58 at 1000 an hour, at 0.01x real time, expected"
        " (--gpu-rate); no night was measured yet"
    ) in lines
    assert lines[-1] == "OVER BUDGET of 0.01 GPU hours: nothing starts by itself"
    assert not (tmp_path / "out" / "clips").exists()
    assert not (tmp_path / "out" / "tables").exists()


def test_a_night_over_its_budget_is_refused_where_nobody_can_be_asked(
    one: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cost = ["--gpu-rate", "0.01", "--gpu-price", "1000", "--max-gpu-hours", "0.01"]
    night = ["annotate", *one, *TOLERANT]
    assert main([*night, *cost]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "af3: nothing was annotated: 0.115 GPU hours (cost: 114.58) are estimated for 0.00115 h of"
        " audio in 1 recordings, where 0.01 are allowed; --yes goes on, --max-gpu-hours allows"
        " more, and --since and --until take fewer days"
    )
    assert not (tmp_path / "out" / "clips").exists()
    assert main([*night, *cost, "--yes"]) == 0
    assert len(rows(tmp_path / "out", "captions")) == 1
    # nothing is open now
    assert main([*night, *cost]) == 0


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("", 1), ("y", 0)])
def test_a_night_over_its_budget_asks_on_a_terminal(
    one: list[str], tmp_path: Path, answer: str, code: int
) -> None:
    command = [sys.executable, "-m", "beam_jobs", "annotate", *one, *TOLERANT]
    command += ["--max-gpu-hours", "0", "--gpu-price", "3.5"]
    terminal, inner = pty.openpty()
    with subprocess.Popen(
        command, stdin=inner, stderr=inner, stdout=subprocess.DEVNULL, close_fds=True
    ) as process:
        os.close(inner)
        shown = read_until(terminal, "[y/N] ")
        assert "GPU hours (cost: " in shown
        assert "where 0 are allowed" in shown
        os.write(terminal, f"{answer}\n".encode())
        shown = read_until(terminal, None)
        assert process.wait(timeout=240) == code
    os.close(terminal)
    is_refused = "not approved: nothing was annotated, and nothing published" in shown
    assert is_refused == bool(code)
    assert (tmp_path / "out" / "tables").exists() == (not code)


def read_until(terminal: int, awaited: str | None) -> str:
    """What a terminal shows until it shows this, or until its program is gone."""
    shown = ""
    while awaited is None or awaited not in shown:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # nobody has the other end any more
            break
        if not data:
            break
        shown += data.decode(errors="replace")
    return shown


def test_a_named_day_without_recordings_is_all_done(
    one: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in Airflow, where an archive has empty days."""
    assert main(["annotate", *one, "--date", "2026-11-22"]) == 0
    assert "recordings  0, 0:00 of audio" in capsys.readouterr().out.splitlines()
    place = ["--out", str(tmp_path / "out"), "--date", "2026-11-22"]
    for job in ("segment", "annotate", "audit", "publish", "report", "export", "index"):
        assert main([job, *place]) == 0, job


def test_an_empty_archive_says_what_to_check(one: list[str], tmp_path: Path) -> None:
    (tmp_path / "arc" / DAY / "a.wav").unlink()
    settings = settings_for("night", *one)
    with pytest.raises(NothingFound, match=r"no recordings from .* check the folder"):
        whole_night.run(settings)
