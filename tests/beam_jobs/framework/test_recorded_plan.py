"""What plan records of a night is what the jobs behind it take, and no option contradicts it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from af3core.tasks.task import Task, parse_tasks
from beam_jobs.cli import main
from beam_jobs.framework.recorded_plan import (
    PlanLost,
    configuration_of,
    fields_of,
    identity_of_plan,
    rows_identity,
    task_of,
)
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night import discover
from schemas.jobs import JobName
from schemas.options.night import Budget, Cutting, Model
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.small_night import DAY, QUICK_TASKS
from tests.media import spoken, write

CUT = ("--max-clip-s", "60")


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    path = tmp_path / "tasks.yaml"
    path.write_text(QUICK_TASKS)
    return path


def plan(folder: Path, checkpoint: Path, tasks: Path, day: str, *options: object) -> None:
    """Plan one day, with clips of a minute."""
    write(folder / "arc" / day / "a.wav", spoken()[:32_000])
    place = ("--out", folder / "out", "--date", day, "--model", checkpoint, "--tasks", tasks)
    given = [str(option) for option in (*place, *CUT, *options)]
    assert main(["plan", str(folder / "arc"), *given]) == 0


def after(folder: Path, job: JobName, *options: object) -> JobSettings:
    return settings_for(job, "--out", folder / "out", *options)


def test_the_jobs_behind_a_plan_take_what_it_resolved(
    tmp_path: Path, untrained: Path, tasks: Path
) -> None:
    plan(tmp_path, untrained, tasks, DAY, "--ask", "mood=Is it sad?", "--gpu-price", "2.5")
    tasks.unlink()  # what was resolved counts, not the file
    for job in ("segment", "annotate", "audit", "publish", "report"):
        settings = after(tmp_path, job)
        assert settings.segmentation.max_clip_s == 60.0, job
        assert [task.task_id for task in settings.tasks] == ["caption", "transcript", "mood"]
        assert [task.max_new_tokens for task in settings.tasks] == [4, 4, 48]
    assert after(tmp_path, "annotate").checkpoint.folder == untrained
    assert after(tmp_path, "segment").audio_model is None


def test_what_came_later_leaves_a_plan_of_before_the_same() -> None:
    tasks = parse_tasks(
        "a: {kind: caption, prompt: x, examples: 3}\n"
        "b: {kind: question, prompt: x, options: [u, v]}",
        "t.yaml",
    )

    def identities(model: Model, *tasks: Task) -> tuple[str, str]:
        plan = configuration_of((Cutting(), model, Budget()), tasks, "rev")
        return identity_of_plan(plan), rows_identity(plan)

    before = ("67a7faa488002eddb3463166", "ee60717a02829d5ef5d479fa")
    assert identities(Model(), *tasks) == before
    heard = dataclasses.replace(tasks[0], examples_form="sounds")
    assert not {*identities(Model(), heard, tasks[1])} & {*before}
    assert task_of(fields_of(heard)) == heard
    assert not {*identities(Model(max_audio_s=1800.0), *tasks)} & {*before}


def test_what_is_given_again_may_be_the_same(tmp_path: Path, untrained: Path, tasks: Path) -> None:
    plan(tmp_path, untrained, tasks, DAY)
    given = (*CUT, "--model", untrained, "--tasks", tasks, "--date-from", "auto")
    assert after(tmp_path, "publish", *given).tasks == after(tmp_path, "publish").tasks


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--max-clip-s", "30"),
            "--max-clip-s 30.0: af3 plan recorded 60.0; leave it out, or run af3 plan again with"
            " it",
        ),
        (
            ("--model", "nano"),
            "--model nano: af3 plan recorded {model}; leave it out, or run af3 plan again with it",
        ),
        (
            ("--prompt-form", "authors"),
            "--prompt-form authors: af3 plan recorded hf; leave it out, or run af3 plan again with"
            " it",
        ),
        (
            ("--ask", "mood=Is it sad?"),
            "the tasks are not those that af3 plan recorded (caption, transcript); leave --tasks,"
            " --only and --ask out, or run af3 plan again with them",
        ),
    ],
)
def test_an_option_that_contradicts_the_plan_is_refused(
    tmp_path: Path, untrained: Path, tasks: Path, options: tuple[str, ...], message: str
) -> None:
    plan(tmp_path, untrained, tasks, DAY)
    with pytest.raises(ConfigurationError) as caught:
        after(tmp_path, "annotate", *options)
    assert str(caught.value) == message.format(model=untrained)


def test_weights_that_changed_since_the_plan_are_said(
    tmp_path: Path, untrained: Path, tasks: Path
) -> None:
    plan(tmp_path, untrained, tasks, DAY)
    [record] = (tmp_path / "out" / "manifests" / "configurations").iterdir()
    held = json.loads(record.read_text())
    record.write_text(json.dumps(held | {"weights_revision": "0123456789abcdef"}))
    with pytest.raises(
        ConfigurationError, match=r"its weights are .* now, and af3 plan recorded 0"
    ):
        after(tmp_path, "annotate")


def test_days_that_were_planned_differently_go_one_by_one(
    tmp_path: Path, untrained: Path, tasks: Path
) -> None:
    other = "2026-11-22"
    plan(tmp_path, untrained, tasks, DAY)
    plan(tmp_path, untrained, tasks, other, "--ask", "mood=Is it sad?")
    with pytest.raises(ConfigurationError) as caught:
        after(tmp_path, "publish")
    assert str(caught.value) == (
        f"{DAY} and {other} of corpus default were planned with different options; name days that"
        " were planned alike with --since and --until, or run af3 plan over all"
    )
    assert len(after(tmp_path, "publish", "--date", DAY).tasks) == 2
    assert len(after(tmp_path, "publish", "--date", other).tasks) == 3


def test_another_budget_is_no_other_plan_for_the_rows(
    tmp_path: Path, untrained: Path, tasks: Path
) -> None:
    plan(tmp_path, untrained, tasks, DAY)
    plan(tmp_path, untrained, tasks, "2026-11-22", "--gpu-price", "3")
    assert len(after(tmp_path, "publish").tasks) == 2


def test_a_record_that_is_gone_stops_the_jobs(tmp_path: Path, untrained: Path, tasks: Path) -> None:
    plan(tmp_path, untrained, tasks, DAY)
    [record] = (tmp_path / "out" / "manifests" / "configurations").iterdir()
    record.unlink()
    with pytest.raises(
        PlanLost, match=f"the options that {DAY} was planned with are gone; run af3"
    ):
        after(tmp_path, "publish")


def test_discover_alone_leaves_the_plans_options_as_they_are(
    tmp_path: Path, untrained: Path, tasks: Path
) -> None:
    plan(tmp_path, untrained, tasks, DAY)
    discover.run(settings_for("discover", tmp_path / "arc", "--out", tmp_path / "out"))
    assert after(tmp_path, "publish").segmentation.max_clip_s == 60.0


def test_without_a_plan_what_is_given_counts(tmp_path: Path, untrained: Path) -> None:
    write(tmp_path / "arc" / DAY / "a.wav", spoken()[:32_000])
    discover.run(settings_for("discover", tmp_path / "arc", "--out", tmp_path / "out"))
    given = after(tmp_path, "publish", "--max-clip-s", "90", "--model", untrained)
    assert (given.segmentation.max_clip_s, len(given.tasks)) == (90.0, 7)
