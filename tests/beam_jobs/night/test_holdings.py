"""What an archive holds: links, special files, any suffix, and what is passed over, counted."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from beam_jobs.cli import main
from beam_jobs.framework.job import Outcome
from beam_jobs.night import discover
from beam_jobs.night.archive_listing import Listing, ListingRequest, list_archive
from beam_jobs.night.recording_date import Dating
from schemas.options.archive import DateRule
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.night.test_absence import DAY, discovered, manifest, planned, recording
from tests.beam_jobs.small_night import night, rows
from tests.media import ffmpeg, programme, write


def listed(source: Path, **more: Any) -> tuple[list[str], dict[str, int]]:
    """Names below the archive of what is taken, and how many objects are passed over, by reason."""
    listing = Listing()
    request = ListingRequest(str(source), "default", Dating(), "0001-01-01", "9999-12-31", **more)
    names = [found.uri.removeprefix(f"{source}/") for found in list_archive(request, listing)]
    total: dict[str, int] = {}
    for counts in listing.passed_over.values():
        for reason, count in counts.items():
            total[reason] = total.get(reason, 0) + count
    return sorted(names), total


def outcome(archive: Path, out: Path, *options: str) -> Outcome:
    """Of `af3 discover`: facts and lines."""
    return discover.run(settings_for("discover", archive, "--out", out, *options))


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """An archive with a link of each kind."""
    arc, outside = tmp_path / "arc", tmp_path / "outside"
    recording(arc / DAY / "r0.wav", 0)
    recording(outside / "deep" / "r1.wav", 1)
    recording(outside / "r2.wav", 2)
    (outside / "back").symlink_to(arc)
    links = {
        "file_within.wav": arc / DAY / "r0.wav",
        "file_out.wav": outside / "r2.wav",
        "folder_within": arc / DAY,
        "folder_out": outside / "deep",
        "folder_out_and_back": outside,
        "folder_around": arc,
        "above": tmp_path,
        "broken.wav": tmp_path / "nowhere.wav",
        "broken.txt": tmp_path / "nowhere.txt",
        "circle.wav": arc / "circle.wav",
    }
    for name, target in links.items():
        (arc / name).symlink_to(target)
    return arc


def test_links_are_said_and_none_leads_out_of_the_archive(linked: Path) -> None:
    names, passed_over = listed(linked)
    assert names == ["2026-11-21/r0.wav", "file_within.wav"]
    assert passed_over == {
        "link to a folder of the archive": 1,
        "link in a circle": 2,
        "link out of the archive": 3,
        "broken link": 1,
    }


def test_links_out_of_the_archive_are_followed_where_asked(linked: Path) -> None:
    names, passed_over = listed(linked, follow_links=True)
    assert names == [
        "2026-11-21/r0.wav",
        "file_out.wav",
        "file_within.wav",
        "folder_out/r1.wav",
        "folder_out_and_back/deep/r1.wav",
        "folder_out_and_back/r2.wav",
    ]
    assert passed_over == {
        "link to a folder of the archive": 1,
        "link in a circle": 3,
        "broken link": 1,
    }


def test_results_among_recordings_are_passed_over_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arc = tmp_path / "arc"
    recording(arc / DAY / "r0.wav", 0)
    recording(arc / "old" / "clips" / f"{DAY}.wav", 1)
    for folder in ("ledger", "tables"):
        (arc / "old" / folder).mkdir()
    recording(arc / "tables" / "r2.wav", 2)
    out = arc / "annotated"
    recording(out / "clips" / f"{DAY}.wav", 3)
    place = [str(arc), "--out", str(out), "--corpus", "radio"]
    assert main(["plan", *place, "--date", DAY]) == 0
    said = capsys.readouterr()
    assert f"af3: {out}: holds results of af3, and so no recordings" in said.err.splitlines()
    assert f"af3: {arc / 'old'}: holds results of af3, and so no recordings" in said.err
    assert "passed over 2 output of af3" in said.out.splitlines()
    [held] = (out / "manifests" / "corpus=radio").glob("*.json")
    plan = json.loads(held.read_text())
    assert [Path(found["uri"]).name for found in plan["recordings"]] == ["r0.wav"]
    assert plan["passed_over"] == {"output of af3": 2}


def test_broken_links_with_a_recordings_name_wait(linked: Path, tmp_path: Path) -> None:
    for name in ("broken.wav", "circle.wav"):
        (linked / name).rename(linked / DAY / name)
    (linked / DAY / "circle.wav").unlink()
    (linked / DAY / "circle.wav").symlink_to("circle.wav")
    discovered(linked, tmp_path / "out", "--date", DAY)
    assert planned(tmp_path / "out") == ["r0.wav"]
    folder = linked / DAY
    assert [f.message for f in manifest(tmp_path / "out").failures] == [
        f"{folder}/broken.wav: cannot be read (its link leads nowhere); mend or remove the link",
        f"{folder}/circle.wav: cannot be read (its link leads back to itself); mend or remove the"
        " link",
    ]


def test_special_files_are_called_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arc = tmp_path / "arc"
    recording(arc / DAY / "r0.wav", 0)
    os.mkfifo(arc / DAY / "pipe.wav")
    os.mkfifo(arc / DAY / "pipe")
    (arc / DAY / "null.wav").symlink_to("/dev/null")
    (arc / DAY / ".hidden.wav").write_bytes(b"x")
    (arc / ".trash").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(arc / DAY)  # an address of a socket is short
        server.bind("s.wav")
    names, passed_over = listed(arc, follow_links=True)
    assert names == ["2026-11-21/r0.wav"]
    assert passed_over == {"FIFO": 2, "device": 1, "hidden": 2, "socket": 1}


def test_a_source_that_is_a_pipe_is_no_recording(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    assert listed(tmp_path / "pipe.wav") == ([], {"FIFO": 1})


def odd_archive(arc: Path) -> None:
    recording(arc / DAY / "r0.wav", 0)
    ffmpeg("-f", "lavfi", "-i", "sine=duration=2", "-f", "mp3", str(arc / DAY / "tape"))
    ffmpeg("-f", "lavfi", "-i", "sine=f=300:duration=2", "-f", "wav", str(arc / DAY / "tape.dat"))
    (arc / DAY / "notes.txt").write_text("Tape 7: storm, river.\n" * 100)
    (arc / DAY / "list.xyz").write_text("#EXTM3U\n/etc/passwd\n")
    (arc / DAY / "empty").touch()
    (arc / "other_day_2026-11-20.txt").write_text("x")


def test_unknown_suffixes_are_passed_over_and_counted(tmp_path: Path) -> None:
    odd_archive(tmp_path / "arc")
    found = outcome(tmp_path / "arc", tmp_path / "out", "--date", DAY)
    facts = found.facts
    assert planned(tmp_path / "out") == ["r0.wav"]
    assert facts["passed_over"] == {"(no suffix)": 2, ".dat": 1, ".txt": 1, ".xyz": 1}
    assert manifest(tmp_path / "out").passed_over == facts["passed_over"]
    assert found.lines[-1] == (
        "passed over 2 (no suffix), 1 .dat, 1 .txt, 1 .xyz"
        " (--any-suffix looks at files of any name)"
    )


def test_with_any_suffix_what_is_no_media_is_passed_over(tmp_path: Path) -> None:
    odd_archive(tmp_path / "arc")
    facts = discovered(tmp_path / "arc", tmp_path / "out", "--date", DAY, "--any-suffix")
    assert planned(tmp_path / "out") == ["r0.wav", "tape", "tape.dat"]
    assert facts["passed_over"] == {"no media": 3}
    assert manifest(tmp_path / "out").failures == ()
    codecs = {Path(r.uri).name: r.media.codec for r in manifest(tmp_path / "out").recordings}
    assert codecs == {"r0.wav": "pcm_s16le", "tape": "mp3float", "tape.dat": "pcm_s16le"}


def test_the_tables_say_what_was_passed_over_and_what_dated(
    untrained: Path, tmp_path: Path
) -> None:
    arc, out = tmp_path / "arc", tmp_path / "out"
    write(arc / DAY / "good.wav", programme(1)[:16_000])
    write(arc / "dated.wav", programme(1)[:12_000])
    os.utime(arc / "dated.wav", (1_795_302_600, 1_795_302_600))  # 2026-11-21T23:10:00Z
    (arc / DAY / "notes.txt").write_text("x")
    os.mkfifo(arc / DAY / "pipe.wav")
    night(arc, out, untrained, "--date", DAY)
    found = {Path(row["object_uri"]).name: row["date_rule"] for row in rows(out, "recordings")}
    assert found == {"good.wav": "path", "dated.wav": "mtime"}
    [run] = rows(out, "runs")
    assert run["passed_over"] == [
        {"reason": ".txt", "objects": 1},
        {"reason": "FIFO", "objects": 1},
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("bwf", {"a.wav": ("2026-11-19", "bwf"), "b.mp4": ("2026-11-21", "path")}),
        ("created", {"a.wav": ("2026-11-21", "path"), "b.mp4": ("2026-11-18", "created")}),
        ("path", {"a.wav": ("2026-11-21", "path"), "b.mp4": ("2026-11-21", "path")}),
    ],
)
def test_a_stamp_of_the_file_dates_it(
    tmp_path: Path, rule: DateRule, expected: dict[str, tuple[str, str]]
) -> None:
    folder = tmp_path / "arc" / DAY
    folder.mkdir(parents=True)
    tone = ("-f", "lavfi", "-i", "sine=duration=1")
    stamp = ("-write_bext", "1", "-metadata", "origination_date=2026-11-19")
    ffmpeg(*tone, *stamp, str(folder / "a.wav"))
    ffmpeg(*tone, "-metadata", "creation_time=2026-11-17T23:30:00Z", str(folder / "b.mp4"))
    dating = Dating(rule, "", "Europe/Berlin")
    request = ListingRequest(str(tmp_path / "arc"), "default", dating, "0001-01-01", "9999-12-31")
    found = {
        Path(one.uri).name: (one.date, one.date_rule) for one in list_archive(request, Listing())
    }
    assert found == expected


def test_several_dates_and_last_changes_are_said(tmp_path: Path) -> None:
    arc = tmp_path / "arc"
    rerun = recording(arc / "2026-11-21_rerun_of_1999-12-31.wav", 0)
    undated = recording(arc / "r1.wav", 1)
    os.utime(undated, (1_795_302_600, 1_795_302_600))
    found = outcome(arc, tmp_path / "out", "--date", DAY, "--timezone", "Europe/Berlin")
    assert planned(tmp_path / "out") == [rerun.name]
    assert (
        "dated       1 recording with several dates in the path: the first in the name counts, else"
        f" the last of the folders (such as {rerun}: 2026-11-21, not 1999-12-31)"
    ) in found.lines
    assert found.facts["dated_by"] == {"path": 1}
    found = outcome(arc, tmp_path / "out", "--date", "2026-11-22", "--timezone", "Europe/Berlin")
    assert "dated       1 by their last change" in found.lines


def test_equal_causes_have_equal_messages_and_names_are_escaped(tmp_path: Path) -> None:
    folder = tmp_path / "arc" / DAY
    folder.mkdir(parents=True)
    for name in ("a\n\x1b[31m.wav", "b.wav"):
        (folder / name).write_text("no recording " * 100)
    discovered(tmp_path / "arc", tmp_path / "out")
    causes = [f.message.removeprefix(f"{folder}/") for f in manifest(tmp_path / "out").failures]
    why = (
        "no media container that can be opened (Invalid data found when processing input);"
        " check that the upload is complete"
    )
    assert causes == [f"a\\n\\x1b[31m.wav: {why}", f"b.wav: {why}"]
