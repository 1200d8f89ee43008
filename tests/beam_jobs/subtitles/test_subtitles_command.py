"""Subtitles of a real night: aligned or estimated, to stdout, a file or a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pysubs2
import pytest
import webvtt

from beam_jobs.cli import main
from tests.beam_jobs.derive.test_align_job import true_starts
from tests.beam_jobs.search.said import FIRST, SECOND, place, publish, put
from tests.beam_jobs.skills_night import made_night
from tests.beam_jobs.small_night import rows

NAME = "morning_weather.mp3"


@pytest.fixture(scope="module")
def out(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = Path(shutil.copytree(made_night(shared), tmp_path_factory.mktemp("subtitled") / "out"))
    assert main(["align", "--out", str(out)]) == 0
    return out


def subtitles(out: Path, *options: object) -> int:
    return main(["subtitles", *map(str, options), "--out", str(out)])


def test_all_that_is_said_is_shown_when_it_is_said(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert subtitles(out, NAME) == 0
    said = capsys.readouterr()
    assert said.err == ""
    lines = [" ".join(cue.lines) for cue in webvtt.from_string(said.out)]
    text = " ".join(row["text"] for row in sorted(rows(out, "transcripts"), key=start))
    assert " ".join(lines).split() == text.split()
    truth = true_starts()
    shown = pysubs2.SSAFile.from_string(said.out, format_="vtt")
    late = [
        min(abs(cue.start - at) for at in truth[line.split()[0]])
        for cue, line in zip(shown, lines, strict=True)
        if line.split()[0] in truth
    ]
    assert len(late) >= 20
    assert np.median(late) <= 100


def start(row: dict[str, int]) -> int:
    return row["start_ms"]


def test_a_recording_that_is_not_aligned_has_estimated_times_and_says_so(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(out, tmp_path / "copy"))
    shutil.rmtree(copy / "tables" / "words")
    file = tmp_path / "weather.srt"
    assert subtitles(copy, NAME, "--output", file) == 0
    assert "morning_weather.mp3: not aligned; times of its words are estimated" in (
        capsys.readouterr().err
    )
    assert len(pysubs2.load(str(file))) >= 20


def test_all_recordings_are_files_in_a_folder(out: Path, tmp_path: Path) -> None:
    assert subtitles(out, "--format", "ttml", "--output", tmp_path / "all", "--mark-doubt") == 0
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["morning_weather.ttml"]


def test_files_in_a_folder_are_named_by_their_language(out: Path, tmp_path: Path) -> None:
    """As players look for them beside a video."""
    folder = tmp_path / "all"
    assert subtitles(out, "--format", "ttml", "--output", folder, "--language", "en-GB") == 0
    assert [path.name for path in folder.iterdir()] == ["morning_weather.en-GB.ttml"]
    assert 'xml:lang="en-GB"' in (folder / "morning_weather.en-GB.ttml").read_text()


def test_the_language_is_that_of_the_transcripts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(tmp_path, FIRST, {"tape": ["der Sturm kam"]}, language="de")
    said = place("tape", 0) | {"text": "der Sturm kam", "flags": [], "language": "de"}
    for probability, written in ((0.95, 'xml:lang="de"'), (0.6, 'xml:lang=""')):
        put(tmp_path, FIRST, "transcripts", [said | {"language_probability": probability}])
        assert subtitles(tmp_path, "tape.wav", "--format", "ttml") == 0
        assert written in capsys.readouterr().out


def test_lines_are_as_wide_as_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(tmp_path, FIRST, {"tape": ["the storm came in from the sea and nobody knew of it"]})
    for options, widest in (((), 23), (("--line-width", 20), 20)):
        assert subtitles(tmp_path, "tape.wav", "--format", "srt", *options) == 0
        lines = capsys.readouterr().out.splitlines()
        assert max(len(line) for line in lines if "-->" not in line) <= widest, lines


def test_a_recording_in_which_nothing_is_said_has_no_subtitle_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(tmp_path, FIRST, {"tape": [""]})
    assert subtitles(tmp_path, "tape.wav") == 0
    told = capsys.readouterr()
    assert told.out == "WEBVTT\n"
    assert "tape.wav: nothing is said in it; the file has no subtitle" in told.err


def test_a_name_that_fits_recordings_of_several_days_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for date, name, text in ((FIRST, "a/news", "the storm"), (SECOND, "b/news", "the calm")):
        publish(tmp_path, date, {name: [text]})
    assert subtitles(tmp_path, "news.wav") == 2
    assert (
        "news.wav: fits 2 recordings (/arc/a/news.wav, /arc/b/news.wav); name the object, or its"
        " --date"
    ) in capsys.readouterr().err
    assert subtitles(tmp_path, "news.wav", "--date", FIRST, "--format", "txt") == 0
    assert capsys.readouterr().out.split() == ["the", "storm"]
    assert subtitles(tmp_path, "/arc/b/news.wav", "--format", "txt") == 0
    assert capsys.readouterr().out.split() == ["the", "calm"]


def test_of_a_recording_that_is_on_several_days_the_last_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for date, text in ((FIRST, "the storm"), (SECOND, "the storm came")):
        publish(tmp_path, date, {"news": [text]})
    assert subtitles(tmp_path, "news.wav", "--format", "txt") == 0
    assert capsys.readouterr().out.split() == ["the", "storm", "came"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["nothing.mp3"], "nothing.mp3: no recording of that name in"),
        ([], "name a RECORDING, or with --output FOLDER a folder for the subtitles of all"),
        ([NAME, "--output", "x.doc"], "--output x.doc: end its name with .vtt, .srt, .ttml"),
        ([NAME, "--fps", "0"], "frames a second are 1 to 240"),
        ([NAME, "--date", "2030-01-01"], "no tables"),
        (
            [NAME, "--language", "english please"],
            "--language english please: a language tag of BCP 47, such as en, pt-BR or zh-Hant",
        ),
        ([NAME, "--line-width", "5"], "--line-width 5: a line holds 12 to 100 characters"),
    ],
)
def test_what_cannot_be_written_is_said_in_one_line(
    options: list[str], said: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert subtitles(out, *options) == 2
    assert said in capsys.readouterr().err
