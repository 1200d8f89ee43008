"""A recording whose tags, name or container changed is neither decoded nor asked again."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from af3core.audio.decode import ffmpeg_binary
from af3core.storage.address import store_at
from tests.beam_jobs.small_night import DAY, night, rows
from tests.media import ffmpeg, programme, write

ANSWERS = ("captions", "transcripts")
OWN = {"recording_id", "clip_id", "segment_id"}


def answers(out: Path) -> list[dict[str, Any]]:
    """All answers, without the names of what they are of."""
    found = [row for table in ANSWERS for row in rows(out, table)]
    return [{name: value for name, value in row.items() if name not in OWN} for row in found]


def clips(out: Path) -> list[str]:
    return [key for keys in store_at(str(out)).walk(["clips/"]) for key in keys]


def test_a_changed_title_and_container_ask_nothing_again(untrained: Path, tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    first = write(archive / DAY / "tape.mp3", programme(20), "-metadata", "title=wrong")
    before = night(archive, out, untrained)
    [row_before], answers_before, clips_before = rows(out, "recordings"), answers(out), clips(out)
    assert before.answers_made == len(answers_before) > 0

    ffmpeg("-i", str(first), "-c", "copy", "-metadata", "title=right", str(tmp_path / "new.mp3"))
    (tmp_path / "new.mp3").replace(first)
    after = night(archive, out, untrained)
    [row] = rows(out, "recordings")
    assert (after.answers_made, row["status"]) == (0, "annotated")
    assert row["recording_id"] != row_before["recording_id"]
    assert row["content_sha256"] != row_before["content_sha256"]
    assert row["sound_sha256"] == row_before["sound_sha256"]
    assert answers(out) == answers_before
    assert {r["recording_id"] for table in ANSWERS for r in rows(out, table)} == {
        row["recording_id"]
    }
    assert {r["clip_uri"] for r in rows(out, "segments")} == set(clips_before)
    assert clips(out) == clips_before

    ffmpeg("-i", str(first), "-c", "copy", str(first.with_suffix(".mka")))
    first.unlink()
    assert night(archive, out, untrained).answers_made == 0
    [row] = rows(out, "recordings")
    assert (row["container"], row["status"]) == ("matroska,webm", "annotated")
    assert answers(out) == answers_before
    assert clips(out) == clips_before


def test_another_sound_under_the_same_name_is_asked(untrained: Path, tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    write(archive / DAY / "tape.flac", programme(4))
    night(archive, out, untrained)
    write(archive / DAY / "tape.flac", programme(4)[:40_000])
    assert night(archive, out, untrained).answers_made == 2


def test_a_recording_that_is_refused_leaves_no_clips(untrained: Path, tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    sound = write(tmp_path / "long.wav", programme(100)[: 100 * 16_000])
    (archive / DAY).mkdir(parents=True)
    streamed = subprocess.run(  # whose length nobody declares
        [ffmpeg_binary(), "-loglevel", "error", "-i", str(sound), "-f", "matroska", "pipe:1"],
        check=True,
        capture_output=True,
    )
    (archive / DAY / "long.mka").write_bytes(streamed.stdout)
    night(archive, out, untrained, "--max-recording-h", "0.02", "--max-clip-s", "30")
    [failure] = rows(out, "failures")
    assert (failure["stage"], failure["error_class"]) == ("segment", "TooLong")
    assert clips(out) == []
