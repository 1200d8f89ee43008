"""The listing: names of any bytes, files that still grow, and one bad object among good ones."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from beam_jobs.cli import main
from beam_jobs.night.archive_listing import Listing, ListingRequest, list_archive
from beam_jobs.night.recording_date import Dating
from tests.beam_jobs.night.test_absence import (
    DAY,
    archive_of,
    discovered,
    manifest,
    planned,
    recording,
)
from tests.beam_jobs.small_night import night, rows
from tests.media import programme, write

SETTLE = ("--settle-min", "0.01")


def listed(source: Path, listing: Listing) -> list[str]:
    request = ListingRequest(str(source), "default", Dating(), DAY, DAY)
    return [Path(found.uri).name for found in list_archive(request, listing)]


@contextmanager
def growing(path: Path) -> Iterator[None]:
    """A recorder that writes on while the body runs."""
    stop = threading.Event()

    def record() -> None:
        while not stop.is_set():
            with path.open("ab") as file:
                file.write(b"\0\0")
            time.sleep(0.02)

    recorder = threading.Thread(target=record)
    recorder.start()
    try:
        yield
    finally:
        stop.set()
        recorder.join()


def test_a_name_that_is_not_utf8_goes_to_the_tables_and_back_to_its_file(
    untrained: Path, tmp_path: Path
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    made = write(archive / DAY / "good.wav", programme(2))
    odd = os.fsencode(archive / DAY) + b"/caf\xe9.wav"
    write(archive / DAY / "other.flac", programme(3))
    os.rename(archive / DAY / "other.flac", odd.replace(b".wav", b".flac"))
    night(archive, out, untrained)
    found = rows(out, "recordings")
    assert sorted(row["object_uri"] for row in found) == [
        f"{archive}/{DAY}/caf\\xe9.flac",
        str(made),
    ]
    assert {row["status"] for row in found} == {"annotated"}
    assert rows(out, "failures") == []


def test_a_source_whose_own_name_is_not_utf8(tmp_path: Path) -> None:
    archive = Path(os.fsdecode(os.fsencode(tmp_path) + b"/arc\xff"))
    archive_of(archive, 2)
    assert main(["discover", str(archive), "--out", str(tmp_path / "out")]) == 0
    found = manifest(tmp_path / "out")
    assert found.source == f"{tmp_path}/arc\\xff"
    assert [r.uri for r in sorted(found.recordings, key=lambda r: r.uri)] == [
        f"{tmp_path}/arc\\xff/{DAY}/r0.wav",
        f"{tmp_path}/arc\\xff/{DAY}/r1.wav",
    ]


def test_a_failure_names_an_object_whose_name_is_not_utf8(tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    archive_of(archive, 1)
    with open(os.fsencode(archive / DAY) + b"/\x80.wav", "wb") as file:
        file.write(b"no recording")
    assert discovered(archive, out)["failures"] == 1
    [failure] = manifest(out).failures
    assert failure.uri == f"{archive}/{DAY}/\\x80.wav"
    assert failure.message.startswith(f"{failure.uri}: no media container that can be opened")


def test_one_bad_object_ends_no_listing(tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    archive_of(archive, 2)
    os.mkfifo(archive / DAY / "pipe.wav")
    (archive / DAY / "loop.wav").symlink_to(archive / DAY / "loop.wav")
    discovered(archive, out)
    assert planned(out) == ["r0.wav", "r1.wav"]
    assert [(Path(f.uri).name, f.error_class) for f in manifest(out).failures] == [
        ("loop.wav", "UnreadableObject"),
    ]


def test_an_object_that_vanishes_or_fails_under_the_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive_of(tmp_path / "arc", 3)
    real = Path.stat

    def stat(path: Path, **kwargs: bool) -> os.stat_result:
        if path.name == "r0.wav":
            raise FileNotFoundError(2, "No such file or directory")
        if path.name == "r1.wav":
            raise OSError(5, "Input/output error")
        return real(path, **kwargs)

    # no file of this machine gives an input error
    monkeypatch.setattr(Path, "stat", stat)
    listing = Listing()
    assert listed(tmp_path / "arc", listing) == ["r1.wav", "r2.wav"]
    assert listing.recordings == 2


def test_a_growing_file_waits_for_the_next_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    files = archive_of(archive, 2)
    with growing(files[0]):
        facts = discovered(archive, out, *SETTLE)
    assert planned(out) == ["r1.wav"]
    assert (facts["growing_objects"], facts["missing"]) == ([str(files[0])], 0)
    errors = capsys.readouterr().err.splitlines()
    assert "af3: waits 1 s to see whether 2 new files still grow (--settle-min)" in errors
    assert f"af3: {files[0]}: still changes; the next plan takes it" in errors

    assert discovered(archive, out, *SETTLE)["growing"] == 0
    assert planned(out) == ["r0.wav", "r1.wav"]


def test_a_planned_file_that_grows_is_not_missing(tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    files = archive_of(archive, 1)
    discovered(archive, out)
    [before] = manifest(out).recordings
    with growing(files[0]):
        facts = discovered(archive, out, *SETTLE)
    [after] = manifest(out).recordings
    assert (facts["missing"], facts["growing"]) == (0, 1)
    assert (after.recording_id, after.flags) == (before.recording_id, ("source_unavailable",))


def test_a_finished_archive_costs_no_waiting(tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    old, new = archive_of(archive, 2)
    week_ago = time.time() - 7 * 24 * 3600
    os.utime(old, (week_ago, week_ago))
    discovered(archive, out)  # knows both
    begun = time.monotonic()
    discovered(archive, out, "--settle-min", "10")
    new.unlink()
    discovered(archive, tmp_path / "another", "--settle-min", "10")
    assert time.monotonic() - begun < 60


def test_a_single_file_is_never_waited_for(tmp_path: Path) -> None:
    only = recording(tmp_path / "arc" / f"{DAY}.wav", 1)
    begun = time.monotonic()
    discovered(only, tmp_path / "out", "--settle-min", "10")
    assert time.monotonic() - begun < 60
    assert planned(tmp_path / "out") == [f"{DAY}.wav"]


def test_what_a_file_was_when_it_was_read_is_recorded(tmp_path: Path) -> None:
    [only] = archive_of(tmp_path / "arc", 1)
    discovered(tmp_path / "arc", tmp_path / "out")
    [found] = manifest(tmp_path / "out").recordings
    assert (found.size_bytes, found.modified_ns) == (3244, only.stat().st_mtime_ns)
