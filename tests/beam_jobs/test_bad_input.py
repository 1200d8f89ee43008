"""Bad recordings become rows in `failures`, and the rest of the night goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.beam_jobs.small_night import DAY, night, rows
from tests.media import ffmpeg, programme, spoken, write


@pytest.fixture(scope="module")
def out(untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night over every kind of bad file, and one good one."""
    archive = tmp_path_factory.mktemp("bad")
    day = archive / DAY
    day.mkdir()
    write(day / "good.wav", spoken())
    (day / "empty.mp3").touch()
    (day / "letter.wav").write_text("Dear listeners. " * 500)
    whole = write(day / "truncated.flac", programme(30)).read_bytes()
    (day / "truncated.flac").write_bytes(whole[: len(whole) // 2])
    (day / "header_only.flac").write_bytes(whole[:200])
    write(day / "too_long.wav", np.zeros(80 * 16_000, np.float32))
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=1", str(day / "silent.mp4"))
    (day / "stream.m3u8").write_text(f"#EXTM3U\n#EXTINF:10,\n{day / 'good.wav'}\n")
    zeroed = bytearray(write(day / "zeroed.mp3", programme(30)).read_bytes())
    middle = len(zeroed) // 3
    zeroed[middle : 2 * middle] = bytes(middle)
    (day / "zeroed.mp3").write_bytes(zeroed)
    (day / "notes.txt").write_text("no recording by its name")
    folder = tmp_path_factory.mktemp("out") / "out"
    night(archive, folder, untrained, "--max-recording-h", "0.02")
    return folder


def failures(out: Path) -> dict[str, dict[str, object]]:
    return {Path(row["object_uri"]).name: row for row in rows(out, "failures")}


@pytest.mark.parametrize(
    ("name", "stage", "error_class"),
    [
        ("empty.mp3", "discover", "EmptyObject"),
        ("letter.wav", "discover", "NotMedia"),
        ("silent.mp4", "discover", "NoAudio"),
        ("stream.m3u8", "discover", "ForbiddenContainer"),
        ("too_long.wav", "discover", "TooLong"),
        ("truncated.flac", "segment", "DamagedMedia"),
        ("zeroed.mp3", "segment", "DamagedMedia"),
    ],
)
def test_a_bad_file_is_one_row_with_its_cause(
    out: Path, name: str, stage: str, error_class: str
) -> None:
    row = failures(out)[name]
    assert (row["stage"], row["error_class"], row["permanent"]) == (stage, error_class, True)
    message = str(row["message"])
    assert name in message
    assert "\n" not in message


def test_a_header_without_audio_is_a_failure_of_some_stage(out: Path) -> None:
    assert failures(out)["header_only.flac"]["error_class"] in ("DecodeFailed", "NotMedia")


def test_the_good_file_is_annotated_and_what_decodes_of_a_damaged_one_too(out: Path) -> None:
    recordings = {Path(row["object_uri"]).name: row for row in rows(out, "recordings")}
    assert recordings["good.wav"]["status"] == "annotated"
    assert recordings["good.wav"]["flags"] == []
    assert recordings["truncated.flac"]["annotated_ms"] > 8_000
    assert "damaged" in recordings["truncated.flac"]["flags"]
    assert recordings["zeroed.mp3"]["annotated_ms"] > 8_000
    captions = rows(out, "captions")
    doubted = [r for r in captions if r["recording_id"] == recordings["zeroed.mp3"]["recording_id"]]
    assert doubted
    assert all("damaged" in row["flags"] for row in doubted)


def test_nothing_is_lost_in_the_accounts(out: Path) -> None:
    for row in rows(out, "recordings"):
        skipped_ms = sum(part["duration_ms"] for part in row["skipped"])
        assert row["duration_ms"] == row["annotated_ms"] + skipped_ms
    assert "notes.txt" not in failures(out)
