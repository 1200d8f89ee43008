"""OP-Atom: the files of one material package are one recording, from its listing to its answers."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

from af3core.audio.mxf_package import read_atom
from af3core.errors import SourceChanged
from beam_jobs.framework.ledger import Ledger
from beam_jobs.night import discover, segment
from beam_jobs.night.archive_listing import Listing, ListingRequest, list_archive
from beam_jobs.night.examination import examine
from beam_jobs.night.packages import COPY, PICTURE
from beam_jobs.night.planned_file import planned_file
from beam_jobs.night.recording_date import Dating
from schemas.records import ArchiveObject, Recording
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.night.test_absence import DAY, discovered, manifest, planned
from tests.beam_jobs.small_night import night, rows, settings_of
from tests.media import ffmpeg, programme, write
from tests.storage_server import BUCKET, bucket, found_at, server_address, upload

UMID = bytes.fromhex("060a2b340101010501010d0013" + "ab" * 19)
OTHER = bytes.fromhex("060a2b340101010501010d0013" + "cd" * 19)
ATOM = ("-ar", "48000", "-c:a", "pcm_s16le", "-f", "mxf_opatom")
PICTURE_MADE = ("-f", "lavfi", "-i", "testsrc=size=1920x1080:rate=25:duration=0.2")
DNXHD = ("-c:v", "dnxhd", "-b:v", "36M", "-pix_fmt", "yuv422p", "-f", "mxf_opatom")


def of_package(path: Path, umid: bytes) -> Path:
    """The same file with another name of its material package."""
    with path.open("rb") as file:
        atom = read_atom(file)
    assert atom
    path.write_bytes(path.read_bytes().replace(bytes.fromhex(atom.package), umid))
    return path


def track(path: Path, sound: np.ndarray, umid: bytes = UMID) -> Path:
    return of_package(write(path, sound, *ATOM), umid)


def listed(archive: Path, listing: Listing) -> list[ArchiveObject]:
    request = ListingRequest(str(archive), "default", Dating(), "0001-01-01", "9999-12-31")
    return list(list_archive(request, listing))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A package of two voices, one after the other, and its picture; and a file by itself."""
    folder = tmp_path / "arc" / DAY
    speech, pause = programme(6), np.zeros(16_000 * 7, np.float32)
    track(folder / "prog_A01.mxf", np.concatenate([speech, pause]))
    track(folder / "prog_A02.mxf", np.concatenate([pause, speech]))
    ffmpeg(*PICTURE_MADE, *DNXHD, str(folder / "prog_V01.mxf"))
    of_package(folder / "prog_V01.mxf", UMID)
    track(folder / "single.mxf", speech, OTHER)
    return tmp_path / "arc"


def names(found: ArchiveObject | Recording) -> list[str]:
    return [Path(part.uri).name for part in found.parts]


def test_the_files_of_a_package_are_one_object(archive: Path) -> None:
    write(archive / DAY / "elsewhere" / "prog_A03.mxf", programme(3), *ATOM)
    of_package(archive / DAY / "elsewhere" / "prog_A03.mxf", UMID)
    (archive / DAY / "prog_A01 (copy).mxf").symlink_to(archive / DAY / "prog_A01.mxf")
    listing = Listing()
    found = {Path(one.uri).name: one for one in listed(archive, listing)}
    assert {name: names(one) for name, one in found.items()} == {
        "prog_A01 (copy).mxf": ["prog_A01 (copy).mxf", "prog_A02.mxf"],
        "single.mxf": [],
        "prog_A03.mxf": [],
    }
    joined, folder = found["prog_A01 (copy).mxf"], archive / DAY
    sizes = [(folder / name).stat().st_size for name in names(joined)]
    assert joined.size_bytes == sum(sizes)
    passed_over = {day: dict(counts) for day, counts in listing.passed_over.items()}
    assert passed_over == {DAY: {PICTURE: 1, COPY: 1}}


def test_mxf_of_one_file_is_what_it_was(archive: Path, tmp_path: Path) -> None:
    """No field of a recording that is none of several changes, and so no identity."""
    settings = settings_for("discover", archive, "--out", tmp_path / "out")
    one = next(one for one in listed(archive, Listing()) if one.uri.endswith("single.mxf"))
    recording = examine(one, settings).found
    assert isinstance(recording, Recording)
    alone = dataclasses.replace(one, parts=())
    assert examine(alone, settings).found == recording
    assert [track.part for track in recording.media.tracks] == [0]


def test_a_package_is_heard_as_one_recording(
    archive: Path, untrained: Path, tmp_path: Path
) -> None:
    night(archive, tmp_path / "out", untrained)
    found = {Path(row["object_uri"]).name: row for row in rows(tmp_path / "out", "recordings")}
    assert sorted(found) == ["prog_A01.mxf", "single.mxf"]
    joined = found["prog_A01.mxf"]
    assert [track["index"] for track in joined["tracks"]] == [0, 1]
    assert joined["flags"] == []
    assert [Path(uri).name for uri in joined["part_uris"]] == ["prog_A01.mxf", "prog_A02.mxf"]
    assert found["single.mxf"]["part_uris"] is None
    spoken = [
        (row["start_ms"], row["end_ms"], row["speech_ms"])
        for row in rows(tmp_path / "out", "segments")
        if row["recording_id"] == joined["recording_id"]
    ]
    speech_ms = sum(ms for _, _, ms in spoken)
    [single_ms] = [
        sum(r["speech_ms"] for r in rows(tmp_path / "out", "segments") if r["recording_id"] == i)
        for i in [found["single.mxf"]["recording_id"]]
    ]
    assert speech_ms == pytest.approx(2 * single_ms, rel=0.2)
    assert night(archive, tmp_path / "out", untrained).answers_made == 0


def test_a_part_that_changes_is_another_recording(archive: Path, tmp_path: Path) -> None:
    discovered(archive, tmp_path / "out")
    before = {r.uri: r for r in manifest(tmp_path / "out").recordings}
    uri = str(archive / DAY / "prog_A01.mxf")
    changed = archive / DAY / "prog_A02.mxf"
    track(changed, programme(7))
    assert discovered(archive, tmp_path / "out")["recordings_found"] == 2
    after = {r.uri: r for r in manifest(tmp_path / "out").recordings}
    assert before.keys() == after.keys()
    assert before[uri].recording_id != after[uri].recording_id
    os.utime(changed, ns=(1, 1))
    with (
        pytest.raises(SourceChanged, match=r"prog_A02\.mxf: changed since it was planned"),
        planned_file(after[uri]),
    ):
        pass


def test_files_that_were_recordings_of_their_own_are_not_missed(
    archive: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    of_package(archive / DAY / "prog_A02.mxf", bytes.fromhex("060a2b34" + "ef" * 28))
    discovered(archive, out)
    assert planned(out) == ["prog_A01.mxf", "prog_A02.mxf", "single.mxf"]
    of_package(archive / DAY / "prog_A02.mxf", UMID)
    assert discovered(archive, out)["missing"] == 0
    assert planned(out) == ["prog_A01.mxf", "single.mxf"]


def test_a_package_of_which_a_file_cannot_be_read_waits(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    discovered(archive, out)
    before = {r.recording_id for r in manifest(out).recordings}
    part = archive / DAY / "prog_A02.mxf"
    part.rename(tmp_path / "away.mxf")
    part.symlink_to(archive / "unmounted" / "prog_A02.mxf")
    discovered(archive, out)
    after = manifest(out)
    assert {r.recording_id for r in after.recordings} == before
    assert {r.flags for r in after.recordings} == {("source_unavailable",)}
    assert {failure.permanent for failure in after.failures} == {False}


def test_a_package_with_a_file_that_was_cut_is_damaged(
    archive: Path, untrained: Path, tmp_path: Path
) -> None:
    part = archive / DAY / "prog_A02.mxf"
    length = part.stat().st_size
    with part.open("r+b") as file:
        file.truncate(length // 2)
    night(archive, tmp_path / "out", untrained)
    [joined] = [r for r in rows(tmp_path / "out", "recordings") if "prog" in r["object_uri"]]
    assert joined["flags"] == ["damaged"]
    assert joined["lost_ms"] == pytest.approx(joined["declared_duration_ms"] / 2, abs=100)
    assert joined["duration_ms"] == pytest.approx(joined["declared_duration_ms"], abs=20)


@pytest.mark.parametrize(
    ("options", "tracks", "channels"),
    [
        (("--track", "1"), [1], [None]),
        (("--channels", "each"), [0, 1], [0, 1]),
        (("--channels", "loudest"), [0, 1], [None]),
    ],
)
def test_tracks_and_channels_of_a_package_are_chosen(
    options: tuple[str, ...],
    tracks: list[int],
    channels: list[int | None],
    archive: Path,
    untrained: Path,
    tmp_path: Path,
) -> None:
    (archive / DAY / "single.mxf").unlink()
    settings = settings_of(archive, tmp_path / "out", untrained, *options)
    discover.run(settings)
    segment.run(settings)
    [recording] = manifest(tmp_path / "out").recordings
    [cut] = Ledger(settings.store).segmented([recording.recording_id], settings.segmentation_hash)
    assert cut is not None
    assert cut.heard is not None
    assert list(cut.heard.tracks) == tracks
    assert sorted({clip.channel for clip in cut.clips}, key=str) == channels


@pytest.mark.storage_server
def test_a_package_in_a_bucket_is_that_on_a_disk(
    archive: Path, untrained: Path, tmp_path: Path
) -> None:
    settings = settings_of(archive, tmp_path / "local", untrained)
    discover.run(settings)
    local = {r.recording_id: r.media for r in manifest(tmp_path / "local").recordings}
    with bucket(), found_at(server_address()):
        upload(archive, sorted(archive.rglob("*")), "arc")
        settings = settings_of(f"gs://{BUCKET}/arc", tmp_path / "out", untrained)
        discover.run(settings)
        segment.run(settings)
        found = manifest(tmp_path / "out").recordings
        cut = Ledger(settings.store).segmented(
            [r.recording_id for r in found], settings.segmentation_hash
        )
    assert {r.recording_id: r.media for r in found} == local
    assert [bool(one and not one.failures) for one in cut] == [True, True]
