"""XMP files beside recordings: which belongs to which, and what becomes of one that is bad."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from beam_jobs.night.archive_listing import Listing, ListingRequest, list_archive
from beam_jobs.night.folder_listing import FoundObject
from beam_jobs.night.listing_report import listing_notes
from beam_jobs.night.recording_date import Dating
from beam_jobs.night.sidecars import with_sidecars
from schemas.options.archive import DateRule
from tests.af3core.audio.crafted_media import xmp
from tests.beam_jobs.night.test_absence import DAY, recording
from tests.storage_server import BUCKET, bucket, found_at, server_address, upload


def dated(archive: Path, listing: Listing, rule: DateRule = "xmp") -> dict[str, tuple[str, str]]:
    request = ListingRequest(str(archive), "radio", Dating(rule), "0001-01-01", "9999-12-31")
    found = list_archive(request, listing)
    return {Path(one.uri).name: (one.date, one.date_rule) for one in found}


def packet(day: str) -> bytes:
    return xmp(f'xmpDM:shotDate="{day}"')


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Recordings of a day by their path, with XMP files beside them that say another."""
    folder = tmp_path / "arc" / DAY
    for number, name in enumerate(("a.wav", "b.wav", "c.wav", "own.wav", "plain.wav")):
        recording(folder / name, number)
    (folder / "a.wav.xmp").write_bytes(packet("2026-10-01"))
    (folder / "a.xmp").write_bytes(packet("2026-10-02"))
    (folder / "b.XMP").write_bytes(packet("2026-10-03"))
    (folder / "c.xmp").write_text("no XMP at all")
    inner = packet("2026-10-04")
    with (folder / "own.wav").open("ab") as file:
        file.write(b"_PMX" + struct.pack("<I", len(inner)) + inner)
    (folder / "own.xmp").write_bytes(packet("2026-10-05"))
    return tmp_path / "arc"


def test_a_sidecar_dates_what_holds_no_date_itself(archive: Path) -> None:
    listing = Listing()
    assert dated(archive, listing) == {
        "a.wav": ("2026-10-01", "xmp"),
        "b.wav": ("2026-10-03", "xmp"),
        "c.wav": (DAY, "path"),
        "own.wav": ("2026-10-04", "xmp"),
        "plain.wav": (DAY, "path"),
    }
    assert {day: dict(counts) for day, counts in listing.passed_over.items()} == {DAY: {".xmp": 5}}
    assert set(dated(archive, Listing(), "auto").values()) == {(DAY, "path")}


def test_a_sidecar_that_leads_nowhere_makes_its_recording_wait(archive: Path) -> None:
    (archive / DAY / "plain.xmp").symlink_to(archive / "unmounted" / "plain.xmp")
    listing = Listing()
    assert "plain.wav" not in dated(archive, listing)
    assert listing.unreadable == [str(archive / DAY / "plain.wav")]
    assert listing_notes(listing)[-1] == (
        f"{archive / DAY / 'plain.xmp'}: its link leads nowhere; mend or remove the link"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_sidecar_without_permission_makes_its_recording_wait(archive: Path) -> None:
    (archive / DAY / "a.wav.xmp").chmod(0)
    listing = Listing()
    assert "a.wav" not in dated(archive, listing)
    assert "Permission denied" in listing.unread_sidecars[0]


def test_hidden_files_and_links_out_of_the_archive_are_no_sidecars(
    archive: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside.xmp").write_bytes(packet("2026-10-06"))
    (archive / DAY / "plain.xmp").symlink_to(tmp_path / "outside.xmp")
    (archive / DAY / ".c.xmp").write_bytes(packet("2026-10-07"))
    assert dated(archive, Listing())["plain.wav"] == (DAY, "path")


def test_a_sidecar_is_of_its_folder_alone() -> None:
    names = ("a.wav", "a/a.wav", "a/a.xmp", "b.c.wav", "b.xmp", "x.xmp", "x.xmp.xmp")
    found = with_sidecars([FoundObject(name, name) for name in names])
    assert {one.name: one.sidecar for one in found if one.sidecar} == {"a/a.wav": "a/a.xmp"}


@pytest.mark.storage_server
def test_sidecars_of_a_bucket(archive: Path) -> None:
    with bucket(), found_at(server_address()):
        upload(archive, sorted(archive.rglob("*")), "arc")
        request = ListingRequest(
            f"gs://{BUCKET}/arc", "radio", Dating("xmp"), "0001-01-01", "9999-12-31"
        )
        found = list_archive(request, Listing())
        dates = {one.uri.rpartition("/")[2]: one.date for one in found}
    assert dates == {
        "a.wav": "2026-10-01",
        "b.wav": "2026-10-03",
        "c.wav": DAY,
        "own.wav": "2026-10-04",
        "plain.wav": DAY,
    }
