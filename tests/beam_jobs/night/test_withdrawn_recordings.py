"""A tombstone through the jobs of a night: nothing of its recording is kept, nor comes back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from af3core.storage.address import store_at
from beam_jobs.cli import main
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.table_snapshot import partition_rows
from beam_jobs.night import annotate, audit, discover, publish, segment
from beam_jobs.night.recordings_to_cut import sounds_to_cut
from schemas.records import NightManifest
from tests.beam_jobs.clean.cleaned import cleaned
from tests.beam_jobs.database import connected
from tests.beam_jobs.night.test_absence import archive_of, discovered, in_tables, planned, published
from tests.beam_jobs.small_night import DAY, TOLERANT, make_archive, night, rows, settings_of
from tests.beam_jobs.tombstones import restore, tombstone, withdraw
from tests.media import ffmpeg


def plan_of(out: Path) -> NightManifest:
    found = Ledger(store_at(str(out))).stored_manifest("default", DAY)
    assert found is not None
    return found


def keys_below(out: Path, *prefixes: str) -> set[str]:
    return {key for keys in store_at(str(out)).walk(prefixes) for key in keys}


def names_shown(out: Path) -> list[str]:
    """By SQL and by rows, which say the same."""
    with connected(out) as database:
        found = database.sql("SELECT object_uri FROM recordings ORDER BY 1").fetchall()
    held = partition_rows(store_at(str(out)), "recordings", "default", DAY)
    assert sorted(row["object_uri"] for row in held) == [uri for (uri,) in found]
    return [Path(uri).name for (uri,) in found]


def status(archive: Path, out: Path, file: Path) -> tuple[int, list[dict[str, Any]]]:
    code = main(["status", str(archive), "--out", str(out), "--output", str(file)])
    return code, json.loads(file.read_text("utf-8"))


def test_a_withdrawn_recording_is_hidden_at_once_and_no_copy_brings_it_back(
    untrained: Path, tmp_path: Path
) -> None:
    archive, out = make_archive(tmp_path / "arc"), tmp_path / "out"
    night(archive, out, untrained)
    store = store_at(str(out))
    gone = withdraw(store, plan_of(out), "long.mp3")
    # at once, though the objects hold its rows still
    assert names_shown(out) == ["short.wav"]
    with connected(out) as database:
        for table in ("segments", "captions", "transcripts", "corrected_captions"):
            sql = f"SELECT count(*), count(*) FILTER (recording_id = '{gone.recording_id}')"
            [(held, of_gone)] = database.sql(f"{sql} FROM {table}").fetchall()
            assert (held > 0, of_gone) == (True, 0), table
    assert len(rows(out, "recordings")) == 2

    # under its name, under another, and as the same sound in another container
    shutil.copy(archive / DAY / "long.mp3", archive / DAY / "copy.mp3")
    ffmpeg("-i", str(archive / DAY / "long.mp3"), "-c", "copy", str(archive / DAY / "other.mka"))
    kept = keys_below(out, "ledger/", "clips/")
    assert night(archive, out, untrained).answers_made == 0
    assert keys_below(out, "ledger/", "clips/") == kept
    assert [Path(row["object_uri"]).name for row in rows(out, "recordings")] == ["short.wav"]
    assert {row["recording_id"] for row in rows(out, "captions")} == {
        row["recording_id"] for row in rows(out, "recordings")
    }
    plan = plan_of(out)
    assert (plan.passed_over, len(plan.refused)) == ({"withdrawn": 3}, 2)
    code, [day] = status(archive, out, tmp_path / "status.json")
    assert (code, day["objects"], day["planned"], day["published"], day["missing"]) == (
        0,
        1,
        1,
        1,
        0,
    )
    audit.run(settings_of(archive, out, untrained, *TOLERANT, job="audit"))

    assert cleaned(store).facts["removed"] == {}
    assert keys_below(out, "ledger/", "clips/") == kept

    # restored, it is planned with what was answered before
    restore(store, tombstone("default", gone.recording_id, gone.content_sha256))
    summary = night(archive, out, untrained)
    assert (summary.answers_made, len(rows(out, "recordings"))) == (0, 3)
    assert names_shown(out) == ["copy.mp3", "other.mka", "short.wav"]


def test_a_recording_that_left_the_archive_too_is_not_missing(
    untrained: Path, tmp_path: Path
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    archive_of(archive, 4)
    discovered(archive, out)
    published(archive, out, untrained)
    store = store_at(str(out))
    for name in ("r0.wav", "r1.wav", "r2.wav"):
        withdraw(store, plan_of(out), name)
        (archive / DAY / name).unlink()
    facts = discovered(archive, out)  # three of four: nothing would be planned
    assert (facts["missing"], facts["missing_beyond_limits"]) == (0, [])
    assert planned(out) == ["r3.wav"]
    published(archive, out, untrained)
    assert in_tables(out) == [f"{DAY}/r3.wav"]
    assert status(archive, out, tmp_path / "status.json")[0] == 3  # r3.wav is not cut
    assert status(archive, out, tmp_path / "status.json")[1][0]["missing"] == 0


def test_a_day_whose_only_recording_is_withdrawn_is_complete(
    untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    archive_of(archive, 1)
    discovered(archive, out)
    published(archive, out, untrained)
    withdraw(store_at(str(out)), plan_of(out), "r0.wav")
    capsys.readouterr()
    given = (str(archive), "--out", str(out), "--run-id", "watch", "--json")
    assert main(["watch", *given]) == 0
    assert json.loads(capsys.readouterr().out)["facts"]["lacking"] == 0
    discovered(archive, out)
    published(archive, out, untrained)
    assert in_tables(out) == []
    assert main(["watch", *given]) == 0
    assert json.loads(capsys.readouterr().out)["facts"]["lacking"] == 0


def test_work_that_was_listed_before_the_tombstone_leaves_nothing(
    untrained: Path, tmp_path: Path
) -> None:
    archive, out = make_archive(tmp_path / "arc"), tmp_path / "out"
    settings = settings_of(archive, out, untrained)
    discover.run(settings)
    sounds = list(sounds_to_cut(settings))
    cut_first = [sound for sound in sounds if sound[0].recording.uri.endswith("short.wav")]
    segment.cut_sound(cut_first[0], settings)
    clips = list(annotate.missing_work(settings))
    kept = keys_below(out, "ledger/", "clips/")
    store = store_at(str(out))
    for name in ("long.mp3", "short.wav"):
        withdraw(store, plan_of(out), name)

    for sound in sounds:
        segment.cut_sound(sound, settings)
    for clip in clips:
        annotate.ask_clip(clip, settings)
    assert keys_below(out, "ledger/", "clips/") == kept
    assert list(sounds_to_cut(settings)) == []
    assert list(annotate.missing_work(settings)) == []


def test_a_day_that_was_assembled_before_the_tombstone_is_assembled_anew(
    untrained: Path, tmp_path: Path
) -> None:
    archive, out = make_archive(tmp_path / "arc"), tmp_path / "out"
    settings = settings_of(archive, out, untrained)
    for job in (discover, segment, annotate):
        job.run(settings)
    assembled = [publish.assemble_shard(DAY, 0, 1, settings)]
    withdraw(store_at(str(out)), plan_of(out), "long.mp3")
    publish.publish_day(DAY, assembled, settings)
    assert [Path(row["object_uri"]).name for row in rows(out, "recordings")] == ["short.wav"]


def test_a_damaged_tombstone_stops_the_jobs_and_the_views(
    untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    archive_of(archive, 1)
    discovered(archive, out)
    published(archive, out, untrained)
    store_at(str(out)).write("withdrawn/corpus=default/x.json", b"{")
    for command in (["plan", str(archive)], ["query", "SELECT 1 FROM captions"], ["status"]):
        assert main([*command, "--out", str(out)]) == 1
        assert "withdrawn/corpus=default/x.json: damaged (no JSON)" in capsys.readouterr().err
