"""`--max-clip-s`: at most what the model hears; `auto` is resolved and recorded by plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.audio.cut_points import Segmentation
from af3core.errors import ConfigurationError
from schemas.identity import configuration_hash
from schemas.options.option import OptionError
from tests.af3core.model.family_checkpoints import Form, checkpoint_of
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.small_night import QUICK_TASKS, TOLERANT, night, rows, settings_of
from tests.chat_server import chat_server
from tests.media import programme, spoken, write

DAY = "2026-11-21"


@pytest.fixture(scope="module")
def checkpoint(shared: Path, untrained: Path) -> Path:
    return checkpoint_of(Form("clip-length", max_audio_s=1215, seed=12), shared, untrained)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    write(tmp_path / "arc" / DAY / "a.wav", spoken()[:32_000])
    return tmp_path / "arc"


def test_auto_is_whole_windows_of_what_the_model_declares(
    archive: Path, checkpoint: Path, untrained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    auto = settings_of(archive, out, checkpoint, "--max-clip-s", "auto")
    assert auto.segmentation == Segmentation(max_clip_s=1200.0)
    of_af3 = settings_of(archive, out, untrained, "--max-clip-s=auto")
    assert of_af3.segmentation_hash == configuration_hash(Segmentation())


def test_a_number_is_at_most_what_the_model_hears(
    archive: Path, checkpoint: Path, untrained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    long = settings_of(archive, out, checkpoint, "--max-clip-s", "900")
    assert long.segmentation.max_clip_s == 900.0
    with pytest.raises(ConfigurationError, match=r"^--max-clip-s 900: .* hears at most 600 s; tak"):
        settings_of(archive, out, untrained, "--max-clip-s", "900")
    with pytest.raises(ConfigurationError, match="between --max-segment-s and 3600"):
        settings_of(archive, out, checkpoint, "--max-clip-s", "3601")
    with pytest.raises(ConfigurationError, match="soon: write a number or auto"):
        settings_of(archive, out, checkpoint, "--max-clip-s", "soon")


def test_what_a_served_model_hears_is_said_by_an_option(archive: Path, tmp_path: Path) -> None:
    served = ("--engine", "openai", "--endpoint", "http://gpu:8000/v1")
    long = (*served, "--max-audio-s", "1815")

    def longest(*options: str) -> float:
        return settings_of(archive, tmp_path / "out", Path("m"), *options).segmentation.max_clip_s

    assert longest(*served, "--max-clip-s", "auto") == 600.0
    assert longest(*long, "--max-clip-s", "auto") == 1800.0
    assert longest(*long, "--max-clip-s", "900") == 900.0
    assert longest(*long) == 600.0
    with pytest.raises(ConfigurationError) as caught:
        longest(*served, "--max-clip-s", "900")
    assert str(caught.value) == (
        "--max-clip-s 900: m hears at most 600 s; take auto, or a shorter length; where it hears"
        " more, say so with --max-audio-s"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--max-audio-s", "1800"), "--max-audio-s 1800 is of --engine openai, not of af3: what a"),
        (("--max-audio-s", "20"), "--max-audio-s 20: must be 30 or more"),
        (("--max-audio-s", "inf"), "--max-audio-s inf: must be 30 or more"),
    ],
)
def test_a_length_that_no_served_model_has(
    archive: Path, untrained: Path, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    with pytest.raises((ConfigurationError, OptionError), match=message):
        settings_of(archive, tmp_path / "out", untrained, *options)


def test_a_night_of_a_served_model_keeps_the_length_that_was_said(
    archive: Path, tmp_path: Path
) -> None:
    """Planned, cut, asked and published: the jobs behind the plan read the length there."""
    with chat_server() as server:
        served = ("--engine", "openai", "--endpoint", server.endpoint, "--max-audio-s", "1800")
        out = tmp_path / "out"
        night(archive, out, Path("af3"), *served, "--max-clip-s", "auto", *TOLERANT)
    assert len(rows(out, "captions")) == 1
    assert rows(out, "failures") == []
    to_ask = ("--endpoint", "http://gpu:8000/v1")
    for job, options in (("annotate", to_ask), ("audit", ()), ("publish", ())):
        settings = settings_for(job, "--out", out, *options)
        assert settings.checkpoint.limit.max_s == 1800
        assert settings.segmentation.max_clip_s == 1800.0


def test_plan_records_the_number_for_the_jobs_behind_it(
    archive: Path, checkpoint: Path, tmp_path: Path
) -> None:
    from beam_jobs.cli import main

    out = tmp_path / "out"
    (tmp_path / "tasks.yaml").write_text(QUICK_TASKS)
    given = ("--out", out, "--model", checkpoint, "--tasks", tmp_path / "tasks.yaml")
    plan = [str(each) for each in ("plan", archive, *given)]
    assert main([*plan, "--max-clip-s", "auto"]) == 0
    for job in ("segment", "annotate", "audit", "publish"):
        for again in ((), ("--max-clip-s", "auto"), ("--max-clip-s", "1200")):
            settings = settings_for(job, "--out", out, *again)  # type: ignore[arg-type]
            assert settings.segmentation.max_clip_s == 1200.0
    assert main([*plan, "--max-clip-s", "60"]) == 0
    with pytest.raises(ConfigurationError, match="auto: af3 plan recorded 60; leave it out"):
        settings_for("annotate", "--out", out, "--max-clip-s", "auto")


def test_a_clip_of_eleven_minutes_is_asked_as_one(checkpoint: Path, tmp_path: Path) -> None:
    write(tmp_path / "long" / DAY / "a.mp3", programme(660))
    (tmp_path / "tasks.yaml").write_text(
        'whole: {kind: caption, unit: clip, prompt: "What is it about?", max_new_tokens: 4}\n'
    )
    options = ("--max-clip-s", "auto", "--tasks", str(tmp_path / "tasks.yaml"), *TOLERANT)
    night(tmp_path / "long", tmp_path / "out", checkpoint, *options)
    (caption,) = rows(tmp_path / "out", "captions")
    assert caption["end_ms"] - caption["start_ms"] > 655_000
    assert rows(tmp_path / "out", "failures") == []
