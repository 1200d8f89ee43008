"""Tracks, channels and doubted silence the whole way: plan, segment, annotate, audit, publish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from af3core.audio.clip_file import encode_flac
from beam_jobs.cli import main
from beam_jobs.night import audit
from schemas.identity import clip_id
from tests.af3core.audio.clicked_media import late
from tests.af3core.audio.test_listening import Track, channels_in, tone, tracks_in
from tests.beam_jobs.small_night import DAY, night, rows, settings_of
from tests.media import programme, spoken, write

RATE = 16_000


def by_name(out: Path) -> dict[str, dict[str, Any]]:
    return {Path(row["object_uri"]).name: row for row in rows(out, "recordings")}


@pytest.fixture(scope="module")
def out(untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night over recordings of which releases before heard nothing, or the wrong thing."""
    day = tmp_path_factory.mktemp("archive") / DAY
    day.mkdir()
    speech = programme(8)[: 8 * RATE]
    silence = np.zeros_like(speech)
    channels_in(day / "inverted.wav", [speech, -speech])
    channels_in(day / "eighteen.wav", [*[silence] * 17, speech])
    tracks_in(day / "two_tracks.mkv", Track(silence, "deu"), Track(speech, "eng", is_default=True))
    tracks_in(day / "second_unheard.mkv", Track(silence, "deu"), Track(speech, "eng"))
    folder = tmp_path_factory.mktemp("out") / "out"
    night(day.parent, folder, untrained)
    return folder


@pytest.mark.parametrize(
    ("name", "status", "flags", "heard_tracks", "channel_count", "annotated_ms"),
    [
        ("inverted.wav", "annotated", ["channels_cancel"], [0], 2, 8000),
        ("eighteen.wav", "annotated", [], [0], 18, 8000),
        ("two_tracks.mkv", "annotated", [], [1], 1, 8000),
        (
            "second_unheard.mkv",
            "nothing_heard",
            ["track_not_heard", "silence_doubted"],
            [0],
            1,
            0,
        ),
    ],
)
def test_what_was_heard_is_said(
    out: Path,
    name: str,
    status: str,
    flags: list[str],
    heard_tracks: list[int],
    channel_count: int,
    annotated_ms: int,
) -> None:
    row = by_name(out)[name]
    assert (row["status"], row["flags"]) == (status, flags)
    assert (row["heard_tracks"], row["heard_channels"]) == (heard_tracks, "mix")
    assert (row["heard_channel_count"], row["annotated_ms"]) == (channel_count, annotated_ms)


def test_all_tracks_are_rows_of_a_recording(out: Path) -> None:
    first, second = by_name(out)["second_unheard.mkv"]["tracks"]
    assert (first["language"], first["level_dbfs"], first["is_default"]) == ("deu", None, False)
    assert (second["index"], second["language"], second["channels"]) == (1, "eng", 1)
    assert second["level_dbfs"] == pytest.approx(-6.0, abs=0.6)
    assert second["speech_ms"] > 4000


def test_doubts_of_what_was_not_heard_are_no_doubts_of_answers(out: Path) -> None:
    inverted = by_name(out)["inverted.wav"]["recording_id"]
    answers = [row for row in rows(out, "captions") if row["recording_id"] == inverted]
    assert answers
    assert not any("channels_cancel" in row["flags"] for row in answers)
    assert all(row["channel"] is None for row in answers)


def test_the_audit_counts_the_recordings_of_which_nothing_was_heard(
    out: Path, untrained: Path
) -> None:
    settings = settings_of("", out, untrained, "--max-flagged-share", "1", job="audit")
    outcome = audit.run(settings)
    assert outcome.facts["nothing_heard"] == 1
    assert outcome.facts["doubted_silences"] == 1
    assert (
        "; of 1 recordings nothing was heard, which is unlikely of 1 (flag silence_doubted)"
        in outcome.lines[0]
    )


def test_each_channel_has_segments_transcripts_and_answers_of_its_own(
    tmp_path: Path, untrained: Path
) -> None:
    """A telephone call: a speaker on each channel."""
    day = tmp_path / "archive" / DAY
    day.mkdir(parents=True)
    speech = programme(8)[: 8 * RATE]
    caller = np.concatenate([speech, np.zeros_like(speech)])
    channels_in(day / "call.wav", [caller, np.roll(caller, len(speech))])
    out = tmp_path / "out"
    night(day.parent, out, untrained, "--channels", "each")
    (recording,) = rows(out, "recordings")
    assert (recording["duration_ms"], recording["annotated_ms"]) == (16_000, 16_000)
    assert (recording["heard_channels"], recording["heard_channel_count"]) == ("each", 2)
    assert recording["skipped"] == []
    segments = rows(out, "segments")
    starts = {
        (row["channel"], row["status"]): min(
            r["start_ms"]
            for r in segments
            if (r["channel"], r["status"]) == (row["channel"], row["status"])
        )
        for row in segments
    }
    assert starts[0, "annotated"] == 0
    assert starts[1, "annotated"] == pytest.approx(8000, abs=1200)
    assert {row["channel"] for row in rows(out, "transcripts")} == {0, 1}
    assert {row["channel"] for row in rows(out, "captions")} == {0, 1}
    name, cut = recording["recording_id"], recording["segmentation_hash"]
    assert {row["clip_id"] for row in segments} == {
        clip_id(name, cut, 0, 16_000, c) for c in (0, 1)
    }
    uris = sorted({row["clip_uri"].rpartition("/")[2] for row in segments})
    assert uris == ["000000000-000016000-c00.flac", "000000000-000016000-c01.flac"]
    counted = {(row["clip_id"], row["segment_id"]) for row in segments}
    assert len(counted) == len(segments)


def test_a_wanted_track_is_heard_and_planned_with(tmp_path: Path, untrained: Path) -> None:
    day = tmp_path / "archive" / DAY
    day.mkdir(parents=True)
    quiet, loud = Track(tone(-40), "ger", is_default=True), Track(tone(-20), "eng")
    tracks_in(day / "film.mkv", quiet, loud)
    out = tmp_path / "out"
    night(day.parent, out, untrained, "--track", "ENG")
    (recording,) = rows(out, "recordings")
    assert recording["heard_tracks"] == [1]
    levels = [track["level_dbfs"] for track in recording["tracks"]]
    assert levels == pytest.approx([-40.0, -20.0], abs=0.1)


def test_a_quiet_recording_is_doubted_and_heard_with_silence_auto(
    tmp_path: Path, untrained: Path
) -> None:
    """Peak at -63 dBFS; beside it digital silence, and what is too short."""
    day = tmp_path / "archive" / DAY
    day.mkdir(parents=True)
    write(day / "quiet.wav", 2 * 10 ** (-63 / 20) * programme(8))
    soundfile.write(day / "nothing.wav", np.zeros(RATE), RATE)
    soundfile.write(day / "long_nothing.flac", np.zeros(61 * RATE), RATE)
    soundfile.write(day / "tick.wav", np.full(800, 0.3), RATE)
    out = tmp_path / "out"
    night(day.parent, out, untrained)
    found = {name: (row["status"], row["flags"]) for name, row in by_name(out).items()}
    assert found == {
        "quiet.wav": ("nothing_heard", ["silence_doubted"]),
        "nothing.wav": ("nothing_heard", []),
        "long_nothing.flac": ("nothing_heard", ["silence_doubted"]),
        "tick.wav": ("nothing_heard", ["silence_doubted"]),
    }
    night(day.parent, tmp_path / "auto", untrained, "--silence", "auto")
    auto = by_name(tmp_path / "auto")
    assert (auto["quiet.wav"]["status"], auto["quiet.wav"]["flags"]) == ("annotated", [])
    assert auto["nothing.wav"]["status"] == "nothing_heard"


def test_silence_between_heard_neighbours_is_doubted(tmp_path: Path, untrained: Path) -> None:
    day = tmp_path / "archive" / DAY
    for tape in (1, 2, 4, 5):
        write(day / "reel" / f"tape_{tape}.wav", spoken() / tape)
    soundfile.write(day / "reel" / "tape_3.wav", np.zeros(5 * RATE), RATE)
    soundfile.write(day / "alone.wav", np.zeros(4 * RATE), RATE)
    out = tmp_path / "out"
    night(day.parent, out, untrained)
    found = {name: (row["status"], row["flags"]) for name, row in by_name(out).items()}
    assert found["tape_3.wav"] == ("nothing_heard", ["silence_doubted"])
    assert found["alone.wav"] == ("nothing_heard", [])
    assert found["tape_4.wav"][0] == "annotated"


def clips_by_name(out: Path, table: str) -> dict[str, set[str]]:
    """The clips of a table's rows by the recording's file name."""
    names = {row["recording_id"]: name for name, row in by_name(out).items()}
    found: dict[str, set[str]] = {}
    for row in rows(out, table):
        found.setdefault(names[row["recording_id"]], set()).add(row["clip_id"])
    return found


def clips_of(out: Path, recording: str) -> set[str]:
    return {r["clip_uri"] for r in rows(out, "segments") if r["recording_id"] == recording}


def _as_earlier_releases_cut(out: Path, name: str) -> Path:
    """The ledger's object of a recording without what they did not know."""
    recording = by_name(out)[name]["recording_id"]
    (entry,) = (out / "ledger" / "segment" / recording).glob("*.json")
    value = json.loads(entry.read_text())
    for field in ("tracks", "heard", "start_offset_ms", "gaps", "gap_ms", "lost_ms", "notes"):
        del value[field]
    for clip in value["clips"]:
        del clip["channel"]
    entry.write_text(json.dumps(value))
    return entry


def test_what_earlier_releases_heard_otherwise_is_cut_again_on_request(
    tmp_path: Path, untrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = tmp_path / "archive" / DAY
    day.mkdir(parents=True)
    speech = programme(8)[: 8 * RATE]
    write(day / "mono.wav", spoken())
    soundfile.write(day / "nothing.wav", np.zeros(RATE), RATE)
    soundfile.write(day / "stereo_nothing.wav", np.zeros((2 * RATE, 2)), RATE)
    channels_in(day / "six.wav", [speech] * 6)
    tracks_in(day / "film.mkv", Track(tone(-40)), Track(speech, is_default=True))
    late(day / "late.mkv", "-c:a", "pcm_s16le")
    out = tmp_path / "out"
    night(day.parent, out, untrained)
    for name in by_name(out):
        _as_earlier_releases_cut(out, name)
    common = ["--out", str(out)]
    assert main(["publish", *common]) == 0
    earlier = by_name(out)["film.mkv"]
    assert (earlier["heard_tracks"], earlier["heard_channels"]) == (None, None)
    assert [track["index"] for track in earlier["tracks"]] == [0, 1]
    capsys.readouterr()
    assert main(["retry", *common, "--recut"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines[:-1]) == [
        f"segment: {day}/film.mkv: track 0 of 2 was heard, the default is 1",
        f"segment: {day}/late.mkv: its sound begins 4.0 s after the picture or another track",
        f"segment: {day}/six.wav: 6 channels were mixed by a guessed layout",
        f"segment: {day}/stereo_nothing.wav: nothing was heard of two channels, which may cancel"
        " each other",
    ]
    assert lines[-1] == "nothing is asked for yet; --yes does"
    assert main(["retry", *common, "--recut", "--yes"]) == 0
    assert main(["segment", *common]) == 0
    assert main(["publish", *common]) == 0
    later = by_name(out)
    assert later["film.mkv"]["heard_tracks"] == [1]
    assert later["six.wav"]["heard_channel_count"] == 6
    assert later["late.mkv"]["start_offset_ms"] == 4000
    assert later["mono.wav"]["heard_channel_count"] is None
    capsys.readouterr()
    assert main(["retry", *common, "--recut"]) == 1


def test_what_sounds_otherwise_is_asked_anew_and_nothing_else(
    tmp_path: Path, untrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = tmp_path / "archive" / DAY
    write(day / "otherwise.wav", spoken())
    write(day / "same.wav", programme(8)[: 8 * RATE])
    out = tmp_path / "out"
    night(day.parent, out, untrained)
    before = clips_by_name(out, "captions")
    recording = by_name(out)["otherwise.wav"]["recording_id"]
    [uri] = clips_of(out, recording)
    quieter = soundfile.read(out / uri, dtype="int16")[0] // 2
    (out / uri).write_bytes(encode_flac(quieter))  # as another release mixed it
    common = ["--out", str(out)]
    names = [f"--recording={day / name}" for name in before]
    assert main(["retry", *common, *names, "--yes"]) == 0
    for job in ("segment", "annotate", "publish"):
        assert main([job, *common]) == 0
    after = clips_by_name(out, "captions")
    assert after["same.wav"] == before["same.wav"]
    assert not after["otherwise.wav"] & before["otherwise.wav"]
    assert (soundfile.read(out / uri, dtype="int16")[0] == quieter).all()
    assert clips_of(out, recording) == {uri.replace(".flac", "-r1.flac")}
    capsys.readouterr()
    assert main(["retry", *common, *names, "--yes"]) == 0
    assert main(["segment", *common]) == 0
    capsys.readouterr()
    assert main(["annotate", *common]) == 0
    assert "annotated already" in capsys.readouterr().out
