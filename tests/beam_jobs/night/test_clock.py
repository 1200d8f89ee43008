"""What plan and segment record of sound that starts late, has gaps, is chained, or is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from af3core.storage.address import store_at
from beam_jobs.cli import main
from beam_jobs.framework.ledger import Ledger
from beam_jobs.night.recordings_to_cut import sounds_to_cut
from beam_jobs.night.rows import RecordingFacts, recording_rows
from beam_jobs.night.segment import _work
from schemas.records import NightManifest
from tests.af3core.audio import clicked_media as made
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.small_night import DAY
from tests.media import ffmpeg

AAC = ("-c:a", "aac")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut, with a limit of 72 s: beside it lies `out`."""
    folder = tmp_path_factory.mktemp("clock") / "arc"
    day = folder / DAY
    day.mkdir(parents=True)
    made.late(day / "late.mp4", "-c:v", "mpeg4", *AAC)
    made.with_gap(day / "gap.mkv", *AAC)
    link = made.encoded(folder.parent / "link.opus")
    other = made.encoded(folder.parent / "other.opus", channels=2)
    made.chained(day / "chain.opus", link, other)
    made.chained(day / "cut.opus", link)
    made.cut(day / "cut.opus", 0.7)
    made.changed(made.encoded(day / "lyrics.mp3"), lambda data: data.extend(made.lyrics3()))
    # its first frames are small: at their bit rate, its bytes would last for minutes
    quiet = made.encoded(folder.parent / "q.mp3", "-b:a", "32k", "-write_xing", "0")
    loud = made.encoded(folder.parent / "l.mp3", "-b:a", "320k", "-write_xing", "0")
    made.chained(day / "vbr.mp3", quiet, loud, loud)
    (day / "slow.wav").write_bytes(made.wav_header(160_000, 1) + bytes(160_000))
    noise = ("-f", "lavfi", "-i", "anoisesrc=d=80:r=16000:a=0.1", "-c:a", "flac", "-f", "flac")
    ffmpeg(*noise, str(day / "longer.flac"))
    forget_length(day / "longer.flac")
    out = str(folder.parent / "out")
    limit = ("--max-recording-h", "0.02")
    assert main(["discover", str(folder), "--out", out, *limit]) == 0
    assert main(["segment", "--out", out, *limit]) == 0
    return folder


def forget_length(path: Path) -> None:
    """Take the number of samples out of STREAMINFO, as a stream has it."""

    def forget(data: bytearray) -> None:
        data[21] &= 0xF0
        data[22:26] = bytes(4)

    made.changed(path, forget)


def facts(archive: Path) -> dict[str, RecordingFacts]:
    out = archive.parent / "out"
    manifest = NightManifest.from_bytes(next((out / "manifests").rglob("date=*.json")).read_bytes())
    settings = settings_for("segment", "--out", out, "--max-recording-h", "0.02")
    ledger = Ledger(store_at(str(out)))
    ids = [recording.recording_id for recording in manifest.recordings]
    cuts = ledger.segmented(ids, settings.segmentation_hash)
    return {
        Path(recording.uri).name: RecordingFacts(
            recording, settings.segmentation_hash, cut, None, {}, "run"
        )
        for recording, cut in zip(manifest.recordings, cuts, strict=True)
    }


def row(archive: Path, name: str, *columns: str) -> dict[str, Any]:
    [found] = recording_rows(facts(archive)[name], {}).by_table["recordings"]
    return {column: found[column] for column in columns}


def test_a_late_start_is_a_column_and_no_flag(archive: Path) -> None:
    columns = ("start_offset_ms", "gaps", "gap_ms", "lost_ms", "notes", "flags", "status")
    assert row(archive, "late.mp4", *columns) == {
        "start_offset_ms": 3979,
        "gaps": [],
        "gap_ms": 0,
        "lost_ms": 0,
        "notes": [],
        "flags": [],
        "status": "annotated",
    }
    assert row(archive, "late.mp4", "duration_ms")["duration_ms"] == pytest.approx(10_000, abs=40)


def test_a_gap_is_a_column_and_a_flag_of_the_segments_that_hold_it(archive: Path) -> None:
    found = recording_rows(facts(archive)["gap.mkv"], {}).by_table
    assert found["recordings"][0]["gaps"] == [{"start_ms": 3007, "duration_ms": 10_000}]
    assert found["recordings"][0]["gap_ms"] == 10_000
    assert found["recordings"][0]["flags"] == []
    held = [(s["start_ms"] < 13_007 and s["end_ms"] > 3007, s["flags"]) for s in found["segments"]]
    assert held
    assert all(flags == (["gap"] if is_in else []) for is_in, flags in held)


def test_chained_streams_are_heard_whole(archive: Path) -> None:
    assert row(archive, "chain.opus", "duration_ms", "declared_duration_ms", "flags") == {
        "duration_ms": 12_000,
        "declared_duration_ms": 12_000,
        "flags": [],
    }


def test_a_cut_ogg_is_damaged_and_a_tag_at_the_end_is_not(archive: Path) -> None:
    assert row(archive, "cut.opus", "flags")["flags"] == ["damaged"]
    [failure] = recording_rows(facts(archive)["cut.opus"], {}).by_table["failures"]
    assert failure["error_class"] == "DamagedMedia"
    assert (
        ": damaged or truncated, what decodes is used (the last page lacks " in failure["message"]
    )
    assert row(archive, "lyrics.mp3", "flags", "notes") == {"flags": [], "notes": []}


def test_an_estimate_refuses_nothing_and_flags_nothing(archive: Path) -> None:
    found = row(
        archive, "vbr.mp3", "declared_duration_ms", "estimated_duration_ms", "duration_ms", "flags"
    )
    assert found["declared_duration_ms"] is None
    assert found["estimated_duration_ms"] > 72_000
    assert found["duration_ms"] == pytest.approx(18_072, abs=60)
    assert found["flags"] == []


def failures(archive: Path) -> dict[str, str]:
    """Messages by file, of plan and of segment."""
    out = archive.parent / "out"
    manifest = json.loads(next((out / "manifests").rglob("date=*.json")).read_bytes())
    found = [json.loads(path.read_text()) for path in (out / "ledger" / "failed").rglob("*.json")]
    return {
        Path(each["uri"]).name: f"{each['error_class']}: {each['message'].split(': ', 1)[1]}"
        for each in [*manifest["failures"], *found]
    }


def test_a_rate_that_holds_no_sound_is_refused_before_it_is_decoded(archive: Path) -> None:
    assert failures(archive)["slow.wav"] == (
        "NotMedia: a sample rate of 1 Hz holds no sound that can be heard; mend its header"
    )


def test_clips_of_a_recording_that_is_refused_in_the_end_are_removed(archive: Path) -> None:
    assert failures(archive)["longer.flac"] == (
        "TooLong: longer than the limit of 0.02 h; raise --max-recording-h or split the recording"
    )
    held = facts(archive)
    assert held["longer.flac"].segmented is None
    out = archive.parent / "out"
    named = {
        str(out / clip.clip_uri)
        for each in held.values()
        for clip in (each.segmented.clips if each.segmented else ())
    }
    assert {str(path) for path in (out / "clips").rglob("*.flac")} == named


def test_seconds_in_are_annotated_and_skipped(archive: Path) -> None:
    for each in facts(archive).values():
        [found] = recording_rows(each, {}).by_table["recordings"]
        skipped_ms = sum(part["duration_ms"] for part in found["skipped"])
        assert found["duration_ms"] == found["annotated_ms"] + skipped_ms


def test_progress_goes_on_inside_a_long_recording(tmp_path: Path) -> None:
    noise = ("-f", "lavfi", "-i", "anoisesrc=d=50:r=16000:a=0.1")
    day = tmp_path / "arc" / DAY
    day.mkdir(parents=True)
    ffmpeg(*noise, str(day / "long.flac"))
    out = str(tmp_path / "out")
    assert main(["discover", str(tmp_path / "arc"), "--out", out]) == 0
    settings = settings_for("segment", "--out", out, "--max-clip-s", "30")
    [[waiting]] = sounds_to_cut(settings)
    work = _work([(waiting,)], settings)
    assert (work.total_ms, work.done_ms()) == (50_000, 0)
    folder = f"clips/{waiting.recording.recording_id}/{settings.segmentation_hash}"
    settings.store.write(f"{folder}/000000000-000029952.flac", b"a clip")
    assert work.done_ms() == 29_952
    again = _work([(waiting,)], settings)  # of a run that was killed then
    assert again.done_ms() == 0
    settings.store.write(f"{folder}/000000000-000029952.flac", b"a clip anew")
    assert again.done_ms() == 29_952
