"""Events of a real night: found, named by nano, measured; what is in doubt is a row too."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from af3core.audio.sound_activity import Region
from af3core.errors import MachineModelError
from af3core.nano.demo_archive import SCRIPTS
from af3core.nano.espeak_voices import Audio
from beam_jobs.cli import main
from beam_jobs.derive import events_job
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.run_night import run_night
from tests.beam_jobs.skills_night import made_night
from tests.beam_jobs.small_night import DAY, rows
from tests.media import spoken, write

SCRIPT = json.loads((SCRIPTS / "morning_weather.mp3.json").read_text("utf-8"))


@pytest.fixture
def out(shared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_night(shared), tmp_path / "out"))


def true_label(event: dict[str, Any]) -> str:
    return f"a {event['sex']} speaking" if event["kind"] == "speech" else str(event["what"])


def test_the_demos_events_are_those_of_its_script(out: Path) -> None:
    found = rows(out, "events")
    truth = SCRIPT["events"]
    matched = 0
    for event in truth:
        [*same] = [
            row
            for row in found
            if row["kind"] == event["kind"]
            and row["label"] == true_label(event)
            and abs(row["start_ms"] - event["start_ms"]) <= 60
            and row["end_ms"] <= event["end_ms"] + 60
        ]
        matched += len(same)
    assert len(truth) == 32
    assert matched >= 31
    assert [row["start_ms"] for row in found] == sorted(row["start_ms"] for row in found)


def test_events_are_measured_and_lie_in_their_segments(out: Path) -> None:
    segments = {row["segment_id"]: row for row in rows(out, "segments")}
    for row in rows(out, "events"):
        segment = segments[row["segment_id"]]
        middle_ms = (row["start_ms"] + row["end_ms"]) // 2
        assert segment["start_ms"] <= middle_ms < segment["end_ms"]
        assert row["clip_id"] == segment["clip_id"]
    voices = [row for row in rows(out, "events") if row["kind"] == "speech"]
    assert all(150 < row["pitch_hz"] < 300 for row in voices)  # a woman's
    [music] = [row for row in rows(out, "events") if row["kind"] == "music"]
    assert music["label"] == "slow organ music"
    assert music["tempo_bpm"] > 0


def test_a_second_run_makes_nothing(out: Path) -> None:
    before = rows(out, "events")
    outcome = events_job.run(settings_for("events", "--out", out), [])
    assert outcome.facts["made_now"] == 0
    assert outcome.facts["events of kind speech"] == sum(r["kind"] == "speech" for r in before)
    assert rows(out, "events") == before


def test_a_recording_without_rest_is_one_event_in_doubt(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).standard_normal(16_000 * 20).astype(np.float32)
    heard = night_over(tmp_path, "bed.flac", 0.02 * noise)
    assert [(row["kind"], row["label"], row["flags"]) for row in heard] == [
        ("unknown", "", ["no_rest"])
    ]
    assert (heard[0]["start_ms"], heard[0]["end_ms"]) == (0, 20_000)


def test_a_silent_recording_has_no_events(tmp_path: Path) -> None:
    assert night_over(tmp_path, "silent.flac", np.zeros(16_000 * 5, np.float32)) == []


def night_over(folder: Path, name: str, audio: Audio) -> list[dict[str, Any]]:
    archive, out = folder / "archive", folder / "out"
    write(archive / DAY / name, audio)
    only = ("--only", "caption")
    run_night(settings_for("night", "--out", out, archive, *only))
    assert main(["events", "--out", str(out)]) == 0
    return rows(out, "events")


def test_the_rows_of_a_clip_that_is_gone_are_kept_and_it_waits(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(out / "ledger" / "derived" / "events")
    [clip] = (out / "clips").rglob("*.flac")
    clip.unlink()
    before = rows(out, "events")
    assert main(["events", "--out", str(out)]) == 3
    said = capsys.readouterr().err
    assert "the clip is gone; cut its recording again: af3 retry" in said
    assert "af3: events: 1 pieces wait (1 ClipMissing); all else is done, run it again" in said
    assert rows(out, "events") == before != []


def test_no_event_is_in_doubt_for_a_machines_sake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stretch that the model could not be asked about now would be unknown for good."""
    trouble = MachineModelError("the model failed: OutOfMemoryError: out of memory")
    monkeypatch.setattr(events_job, "answers_of", lambda _, requests: [trouble] * len(requests))
    settings = settings_for("events", "--out", "unused")
    noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    with pytest.raises(MachineModelError, match="out of memory"):
        list(events_job._named_rows([Region(0, 1000)], noise, settings))


def test_speech_is_heard_as_speech_at_any_level(tmp_path: Path) -> None:
    pause = np.zeros(16_000, np.float32)
    audio = np.concatenate([pause, spoken(), pause, 0.05 * spoken(), pause])
    heard = night_over(tmp_path, "levels.flac", audio)
    assert [(row["kind"], row["label"]) for row in heard] == [("speech", "a man speaking")] * 2
    loud, quiet = (row["loudness_lufs"] for row in heard)
    assert loud - quiet == pytest.approx(26.0, abs=0.5)
