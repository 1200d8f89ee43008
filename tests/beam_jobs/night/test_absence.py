"""What the archive lacks is a finding: it stops or is said, and deletes nothing by itself."""

from __future__ import annotations

import json
import os
import re
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from af3core.storage.address import store_at
from beam_jobs.cli import main
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.source import SourceUnreachable
from beam_jobs.night import discover, publish
from beam_jobs.night.absence import RecordingsMissing
from schemas.records import NightManifest
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.small_night import quick_tasks, rows, settings_of

DAY, NEXT_DAY = "2026-11-21", "2026-11-22"
NOON_S = 1_795_262_400
"""12:00 UTC of the day."""


def recording(path: Path, number: int) -> Path:
    """A tenth of a second of noise, another for each number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(number).integers(-9000, 9000, 1600, np.int16)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(noise.tobytes())
    return path


def archive_of(folder: Path, count: int, day: str = DAY) -> list[Path]:
    first = int(day[-2:]) * 100
    return [recording(folder / day / f"r{n}.wav", first + n) for n in range(count)]


def discovered(archive: Path, out: Path, *options: str) -> dict[str, Any]:
    """The facts of `af3 discover`."""
    settings = settings_for("discover", archive, "--out", out, *options)
    return discover.run(settings).facts


def published(archive: Path, out: Path, checkpoint: Path, *options: str) -> None:
    """Publish what is planned, uncut."""
    publish.run(settings_of(archive, out, checkpoint, *options, job="publish"))


def manifest(out: Path, day: str = DAY) -> NightManifest:
    found = Ledger(store_at(str(out))).manifest("default", day)
    assert found is not None
    return found


def planned(out: Path, day: str = DAY) -> list[str]:
    """Names of the planned recordings of a day."""
    return sorted(Path(r.uri).name for r in manifest(out, day).recordings)


def in_tables(out: Path) -> list[str]:
    """Day and name of every published recording."""
    return sorted("/".join(Path(row["object_uri"]).parts[-2:]) for row in rows(out, "recordings"))


def test_an_archive_that_is_not_there_stops_the_plan_and_keeps_the_one_before(
    tmp_path: Path,
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    archive_of(archive, 2)
    discovered(archive, out)
    archive.rename(tmp_path / "away")
    with pytest.raises(SourceUnreachable, match=r"nothing was planned: .*/arc cannot be listed"):
        discovered(archive, out)
    assert planned(out) == ["r0.wav", "r1.wav"]
    assert not SourceUnreachable.permanent


def test_a_source_that_never_was_is_a_wrong_option(tmp_path: Path) -> None:
    assert main(["discover", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2


@pytest.mark.parametrize("options", [(), ("--date", DAY)])
def test_an_empty_archive_of_a_corpus_that_had_recordings_stops_the_plan(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    archive, empty, out = tmp_path / "arc", tmp_path / "empty", tmp_path / "out"
    archive_of(archive, 2)
    empty.mkdir()
    discovered(archive, out)
    with pytest.raises(RecordingsMissing, match=r"the archive .*/empty is empty, and had"):
        discovered(empty, out, *options)
    assert planned(out) == ["r0.wav", "r1.wav"]


def test_an_empty_archive_of_a_new_corpus_is_no_finding(tmp_path: Path) -> None:
    (tmp_path / "arc").mkdir()
    assert discovered(tmp_path / "arc", tmp_path / "out", "--date", DAY)["missing"] == 0


def test_three_of_ten_missing_stop_the_plan_until_they_are_accepted(
    untrained: Path, tmp_path: Path
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    files = archive_of(archive, 10)
    discovered(archive, out)
    published(archive, out, untrained)
    for path in files[:3]:
        path.unlink()
    with pytest.raises(RecordingsMissing) as caught:
        discovered(archive, out)
    assert re.sub(r"r[012]\.wav", "rN.wav", str(caught.value)) == (
        f"nothing was planned: 3 of 10 recordings of {DAY} are gone from the archive (such as"
        f" {archive}/{DAY}/rN.wav); what is published stays. See that the archive is whole and run"
        " it again, or take what is gone out of the tables with --accept-missing"
    )
    assert len(planned(out)) == 10

    facts = discovered(archive, out, "--accept-missing")
    assert facts["missing"] == 3
    assert sorted(facts["missing_objects"]) == [str(path) for path in files[:3]]
    published(archive, out, untrained)
    assert len(in_tables(out)) == 7
    assert sorted(w.uri for w in manifest(out).withdrawn) == [str(path) for path in files[:3]]
    # what is out of the tables is asked about no more
    assert discovered(archive, out)["missing"] == 0


def test_a_plan_that_was_not_published_asks_again(untrained: Path, tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    files = archive_of(archive, 4)
    discovered(archive, out)
    published(archive, out, untrained)
    for path in files[:3]:
        path.unlink()
    discovered(archive, out, "--accept-missing")
    with pytest.raises(RecordingsMissing, match="3 of 4 recordings"):
        discovered(archive, out)


def test_two_missing_are_withdrawn_and_said(
    untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    files = archive_of(archive, 4)
    given = ["--out", str(out), "--model", str(untrained), "--tasks", quick_tasks(out)]
    assert main(["plan", str(archive), *given]) == 0
    published(archive, out, untrained)
    for path in files[:2]:
        path.unlink()
    capsys.readouterr()
    report = tmp_path / "plan.json"
    assert main(["plan", str(archive), *given, "--report", str(report)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("missing     2 recordings left the archive, and so the tables: /")
    assert json.loads(report.read_text())["facts"]["missing"] == 2
    published(archive, out, untrained)
    assert in_tables(out) == [f"{DAY}/r2.wav", f"{DAY}/r3.wav"]
    [*_, run] = rows(out, "runs")
    assert sorted(run["withdrawn"]) == [str(path) for path in files[:2]]

    assert main(["report", "--out", str(out), "--run-id", run_of_plan(report)]) == 0
    said = capsys.readouterr().out
    assert "\nmissing     2 recordings left the archive, and so the tables: /" in said
    page = Path(said.splitlines()[-1].removeprefix("page        ")).read_text()
    assert "<h3>The archive</h3>" in page
    assert f"{archive}/{DAY}/r0.wav" in page


def run_of_plan(report: Path) -> str:
    return str(json.loads(report.read_text())["run_id"])


def test_more_than_the_share_may_be_allowed(tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    files = archive_of(archive, 10)
    discovered(archive, out)
    for path in files[:3]:
        path.unlink()
    assert discovered(archive, out, "--max-missing-share", "0.3")["missing"] == 3


def test_content_under_another_name_or_on_another_day_is_not_missing(tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    files = archive_of(archive, 6)
    (archive / NEXT_DAY).mkdir()
    discovered(archive, out)
    for number, path in enumerate(files[:3]):
        path.rename(archive / DAY / f"renamed{number}.wav")
        files[3 + number].rename(archive / NEXT_DAY / f"moved{number}.wav")
    facts = discovered(archive, out)
    assert (facts["missing"], facts["moved"]) == (0, 3)
    assert planned(out) == ["renamed0.wav", "renamed1.wav", "renamed2.wav"]
    assert {w.moved_to for w in manifest(out).withdrawn} == {NEXT_DAY}
    assert {a.moved_from for a in manifest(out, NEXT_DAY).arrived} == {DAY}


def test_a_recording_that_was_replaced_under_its_name_is_not_missing(tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    files = archive_of(archive, 3)
    discovered(archive, out)
    for number, path in enumerate(files):
        recording(path, 50 + number)
    assert discovered(archive, out)["missing"] == 0


def test_files_that_were_emptied_are_missing(tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    files = archive_of(archive, 3)
    discovered(archive, out)
    for path in files:
        path.write_bytes(b"")
    with pytest.raises(RecordingsMissing, match="3 of 3 recordings"):
        discovered(archive, out)


def test_a_day_that_disappeared_is_seen_without_its_name(untrained: Path, tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    archive_of(archive, 2)
    gone = archive_of(archive, 3, NEXT_DAY)
    discovered(archive, out)
    published(archive, out, untrained)
    for path in gone:
        path.unlink()
    with pytest.raises(RecordingsMissing, match=f"3 of 3 recordings of {NEXT_DAY} are gone"):
        discovered(archive, out)
    discovered(archive, out, "--accept-missing")
    assert planned(out, NEXT_DAY) == []
    published(archive, out, untrained)
    assert in_tables(out) == [f"{DAY}/r0.wav", f"{DAY}/r1.wav"]


def test_a_day_of_another_folder_is_left_alone(tmp_path: Path) -> None:
    one, two, out = tmp_path / "one", tmp_path / "two", tmp_path / "out"
    archive_of(one, 3)
    archive_of(two, 3, NEXT_DAY)
    discovered(one, out)
    discovered(two, out)
    assert len(planned(out)) == len(planned(out, NEXT_DAY)) == 3


def test_recordings_that_lie_beside_the_source_are_not_gone(tmp_path: Path) -> None:
    """One file after the other, of one day: the second is no reason to withdraw the first."""
    one, two = archive_of(tmp_path / "arc", 2)
    out = tmp_path / "out"
    by_change = ("--date-from", "mtime")
    for file in (one, two):
        os.utime(file, (NOON_S, NOON_S))
    discovered(one, out, *by_change)
    with pytest.raises(RecordingsMissing, match=rf"(?s)such as {one}.*or another --corpus"):
        discovered(two, out, *by_change)
    assert planned(out) == ["r0.wav"]
    discovered(tmp_path / "arc", out, *by_change)
    assert planned(out) == ["r0.wav", "r1.wav"]
    discovered(two, out, *by_change, "--accept-missing")
    assert planned(out) == ["r1.wav"]


def test_an_archive_that_was_moved_may_have_lost_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    archive_of(tmp_path / "arc", 3)
    discovered(tmp_path / "arc", out)
    moved = (tmp_path / "arc").rename(tmp_path / "moved")
    (moved / DAY / "r2.wav").unlink()
    discovered(moved, out)
    assert planned(out) == ["r0.wav", "r1.wav"]


def test_objects_that_cannot_be_read_now_keep_their_rows_with_a_flag(
    untrained: Path, tmp_path: Path
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    files = archive_of(archive, 3)
    discovered(archive, out)
    published(archive, out, untrained)
    for path in files:  # links whose file system is away
        path.unlink()
        path.symlink_to(tmp_path / "not mounted" / path.name)
    facts = discovered(archive, out)
    assert facts["missing"] == 0
    assert sorted(facts["source_unavailable_objects"]) == [str(path) for path in files]
    published(archive, out, untrained)
    assert [row["flags"] for row in rows(out, "recordings")] == [["source_unavailable"]] * 3
    failures = rows(out, "failures")
    assert {row["error_class"] for row in failures} == {"UnreadableObject"}
    assert {row["permanent"] for row in failures} == {False}

    for path in files:
        path.unlink()
    archive_of(archive, 3)
    discovered(archive, out)
    assert [r.flags for r in manifest(out).recordings] == [()] * 3


def test_recordings_below_a_folder_that_cannot_be_listed_are_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    for number in range(4):
        recording(archive / DAY / "deep" / f"r{number}.wav", number)
    discovered(archive, out)
    (archive / DAY / "deep").rename(tmp_path / "deep")
    # root may list everything: the system's answer to others stands here
    refuse = refusing_folder(archive / DAY / "deep")
    monkeypatch.setattr(os, "scandir", refuse(os.scandir))
    facts = discovered(archive, out)
    assert (facts["missing"], facts["source_unavailable"]) == (0, 4)
    assert len(planned(out)) == 4


def refusing_folder(folder: Path) -> Any:
    folder.mkdir()

    def wrap(real: Any) -> Any:
        def scandir(path: Any = ".") -> Any:
            if str(path) == str(folder):
                raise PermissionError(13, "Permission denied", str(folder))
            return real(path)

        return scandir

    return wrap


def test_published_rows_stand_for_a_plan_that_is_gone(untrained: Path, tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    files = archive_of(archive, 5)
    discovered(archive, out, "--shards", "2")
    published(archive, out, untrained)
    (out / "manifests" / "corpus=default" / f"date={DAY}.json").unlink()
    for path in files[:3]:
        path.unlink()
    with pytest.raises(RecordingsMissing, match="3 of 5 recordings"):
        discovered(archive, out)
    recording(files[0], 2100)
    recording(files[1], 2101)
    discovered(archive, out)
    assert manifest(out).shards == 2
    published(archive, out, untrained)
    assert len(in_tables(out)) == 4


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    archive_of(archive, 2)
    discovered(archive, out)
    for path in (out / "ledger" / "probe").rglob("*.json"):
        path.write_bytes(b"")
    assert discovered(archive, out)["recordings_found"] == 2
    sizes = [path.stat().st_size for path in (out / "ledger" / "probe").rglob("*.json")]
    assert len(sizes) == 2
    assert min(sizes) > 50


def test_requests_do_not_grow_with_other_days(tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    for day in range(1, 9):
        archive_of(archive, 1, f"2026-11-{day:02d}")
    discovered(archive, out)
    untouched = out / "manifests" / "corpus=default" / "date=2026-11-03.json"
    untouched.write_bytes(b"not read")
    assert discovered(archive, out, "--date", "2026-11-08")["recordings_found"] == 1
