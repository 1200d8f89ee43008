"""A recording that moved to another day: first published there, then withdrawn from its old day."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from beam_jobs.night import publish
from beam_jobs.night.withdrawal import left_days, publishing_rounds
from schemas.records import MovedRecording
from tests.beam_jobs.night.test_absence import (
    DAY,
    NEXT_DAY,
    archive_of,
    discovered,
    in_tables,
    manifest,
    planned,
    published,
)

THIRD_DAY = "2026-11-23"


def moved(archive: Path, name: str, day: str = NEXT_DAY) -> None:
    (archive / day).mkdir(exist_ok=True)
    (archive / DAY / name).rename(archive / day / name)


def test_the_only_recording_of_a_day_is_on_its_new_day_alone(
    untrained: Path, tmp_path: Path
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    archive_of(archive, 1)
    discovered(archive, out)
    published(archive, out, untrained)
    moved(archive, "r0.wav")
    assert discovered(archive, out)["moved"] == 1
    published(archive, out, untrained)
    assert in_tables(out) == [f"{NEXT_DAY}/r0.wav"]
    # once published, nothing is said of it any more
    assert discovered(archive, out)["moved"] == 0
    assert manifest(out, NEXT_DAY).arrived == ()


def test_the_new_day_is_published_before_the_old_one(
    untrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    archive_of(archive, 2)
    discovered(archive, out)
    published(archive, out, untrained)
    moved(archive, "r0.wav")
    discovered(archive, out)
    real, seen = publish.publish_day, tmp_path / "seen"

    def watched(date: str, *more: object) -> object:
        done = real(date, *more)  # type: ignore[arg-type]
        with seen.open("a") as file:
            print(date, *in_tables(out), file=file)
        return done

    monkeypatch.setattr(publish, "publish_day", watched)
    published(archive, out, untrained)
    assert seen.read_text().splitlines() == [
        f"{NEXT_DAY} {DAY}/r0.wav {DAY}/r1.wav {NEXT_DAY}/r0.wav",
        f"{DAY} {DAY}/r1.wav {NEXT_DAY}/r0.wav",
    ]


def test_a_run_over_the_new_day_alone_withdraws_from_the_old_one(
    untrained: Path, tmp_path: Path
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    archive_of(archive, 2)
    discovered(archive, out, "--shards", "2")
    published(archive, out, untrained)
    moved(archive, "r0.wav")
    discovered(archive, out, "--date", NEXT_DAY)
    assert planned(out) == ["r1.wav"]
    assert [w.moved_to for w in manifest(out).withdrawn] == [NEXT_DAY]
    published(archive, out, untrained, "--date", NEXT_DAY)
    assert in_tables(out) == [f"{DAY}/r1.wav", f"{NEXT_DAY}/r0.wav"]


def test_a_run_over_the_old_day_alone_keeps_the_rows_until_the_new_day_is_planned(
    untrained: Path, tmp_path: Path
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    for path in archive_of(archive, 4)[1:]:
        path.touch()
    discovered(archive, out)
    published(archive, out, untrained)
    for number in range(3):
        moved(archive, f"r{number}.wav")
    facts = discovered(archive, out, "--date", DAY)
    assert (facts["missing"], facts["moved_to_plan"]) == (0, 3)
    assert len(planned(out)) == 4
    published(archive, out, untrained, "--date", DAY)
    assert len(in_tables(out)) == 4

    discovered(archive, out, "--date", NEXT_DAY)
    published(archive, out, untrained, "--date", NEXT_DAY)
    assert in_tables(out) == [f"{DAY}/r3.wav", *(f"{NEXT_DAY}/r{n}.wav" for n in range(3))]
    assert discovered(archive, out, "--date", DAY)["moved_to_plan"] == 0
    assert planned(out) == ["r3.wav"]


def test_a_copy_on_another_day_takes_nothing_from_the_first(
    untrained: Path, tmp_path: Path
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    [only] = archive_of(archive, 1)
    discovered(archive, out)
    published(archive, out, untrained)
    (archive / NEXT_DAY).mkdir()
    shutil.copy(only, archive / NEXT_DAY)
    discovered(archive, out, "--date", NEXT_DAY)
    published(archive, out, untrained, "--date", NEXT_DAY)
    assert in_tables(out) == [f"{DAY}/r0.wav", f"{NEXT_DAY}/r0.wav"]


def test_days_wait_for_the_days_that_have_their_recordings_now() -> None:
    arrived = {
        DAY: [],
        NEXT_DAY: [MovedRecording("a", DAY)],
        THIRD_DAY: [MovedRecording("b", NEXT_DAY), MovedRecording("c", "2026-11-01")],
    }
    assert list(publishing_rounds(arrived)) == [{THIRD_DAY}, {NEXT_DAY}, {DAY}]
    assert left_days(arrived) == {"2026-11-01": {"c"}}
    exchanged = {DAY: [MovedRecording("a", NEXT_DAY)], NEXT_DAY: [MovedRecording("b", DAY)]}
    assert list(publishing_rounds(exchanged)) == [{DAY, NEXT_DAY}]
