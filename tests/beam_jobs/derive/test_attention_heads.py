"""A night aligned by nano's own attention, its heads chosen on recordings with labelled words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from af3core.alignment import attention_calibration
from af3core.alignment.attention_calibration import find_calibration
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.nano.demo_archive import ARCHIVE, DATE, SCRIPTS
from beam_jobs.cli import main
from beam_jobs.derive import align_job
from beam_jobs.derive.attention_heads import spoken_here
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.skills_night import made_night
from tests.beam_jobs.small_night import rows

LABELLED = ("reel_17.wav", "science_hour.flac", "travel_film.mp4")


@pytest.fixture
def out(shared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_night(shared), tmp_path / "out"))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(attention_calibration, "PLACE", tmp_path / "calibrations")
    return tmp_path / "calibrations"


def script(name: str) -> list[tuple[str, int]]:
    """Words and their starts, as the program that made the archive knows them."""
    events = json.loads((SCRIPTS / f"{name}.json").read_text("utf-8"))["events"]
    said = (event for event in events if event["kind"] == "speech")
    return [
        pair
        for event in said
        for pair in zip(
            event["what"].split(), [*event["word_starts_ms"], event["end_ms"]], strict=False
        )
    ]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Three recordings, and a CTM that names them."""
    folder = tmp_path / "labelled"
    folder.mkdir()
    lines = []
    for name in LABELLED:
        shutil.copy(ARCHIVE / DATE / name, folder)
        words = script(name)
        for (word, start), (_, after) in zip(words, [*words[1:], ("", 10**9)], strict=True):
            seconds = min(after - start, 300) / 1000
            lines.append(f"{Path(name).stem} 1 {start / 1000:.3f} {seconds:.3f} {word}\n")
    (folder / "all.ctm").write_text("".join(lines))
    return folder


def test_heads_are_chosen_on_a_folder_and_words_found(
    labelled: Path, place: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["align", "--out", str(out), "--aligner", "attention", "--calibrate", str(labelled)]
    assert main(command) == 0
    said = capsys.readouterr().err
    assert "choosing heads of nano on 3 minutes of" in said
    assert f"kept in {place}/" in said
    chosen = find_calibration(find_checkpoint("nano"))
    assert chosen.speech == str(labelled)
    assert {head.layer for head in chosen.heads} == {3}
    assert chosen.held_out.words >= 200
    assert chosen.held_out.median_ms <= 60
    assert chosen.held_out.median_ms <= chosen.held_out.estimated_median_ms / 2
    found = rows(out, "words")
    assert {row["aligner"] for row in found} == {"attention:nano"}
    truth: dict[str, list[int]] = {}
    for word, at in script("morning_weather.mp3"):
        truth.setdefault(word, []).append(at)
    known = [row for row in found if row["normalised"] in truth]
    errors = [min(abs(row["start_ms"] - at) for at in truth[row["normalised"]]) for row in known]
    assert len(known) >= 200
    assert np.median(errors) <= 60
    again = align_job.run(settings_for("align", "--out", out, "--aligner", "attention"), [])
    assert again.facts["made_now"] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--calibrate", "espeak"), "--calibrate chooses heads of --aligner attention; name that"),
        (
            ("--aligner", "attention", "--calibrate", "/nowhere"),
            "--calibrate /nowhere: there is no such folder",
        ),
        (("--aligner", "attention", "--engine", "transformers"), "gives no attention"),
        (("--aligner", "attention", "--model", "/nowhere"), "--model /nowhere"),
    ],
)
def test_what_cannot_be_calibrated_is_said_before_any_work(
    options: tuple[str, ...], said: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["align", "--out", str(out), *options]) == 2
    assert said in capsys.readouterr().err


def test_too_little_speech_is_said(
    labelled: Path, place: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (labelled / "all.ctm").read_text().splitlines(keepends=True)
    (labelled / "all.ctm").write_text("".join(lines[:30]))
    command = ["align", "--out", str(out), "--aligner", "attention", "--calibrate", str(labelled)]
    assert main(command) == 2
    assert "is held out to judge by; at least 100 are needed" in capsys.readouterr().err
    assert not place.exists()


def test_speech_made_here_is_the_same_each_time() -> None:
    first, again = list(spoken_here(3)), list(spoken_here(3))
    assert [each.recording for each in first] == [each.recording for each in again]
    for one, other in zip(first, again, strict=True):
        assert one.words == other.words
        assert all(start < end for start, end in one.times_ms)
