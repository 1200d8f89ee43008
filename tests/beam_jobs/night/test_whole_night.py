"""One night from recordings to tables: complete, resumable, nothing asked twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from beam_jobs.night.annotate import missing_work
from beam_jobs.night.whole_night import NothingFound
from schemas.tables.night_tables import TABLES
from tests.beam_jobs.small_night import DAY, all_rows, make_archive, night, rows, settings_of
from tests.media import programme, write


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


def test_an_empty_archive_says_what_to_check(untrained: Path, tmp_path: Path) -> None:
    (tmp_path / "arc").mkdir()
    with pytest.raises(NothingFound, match=r"no recordings from .* check the folder"):
        night(tmp_path / "arc", tmp_path / "out", untrained)
