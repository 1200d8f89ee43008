"""A choice of tasks chooses what is asked, not what is published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from af3core.tasks.task import Task
from beam_jobs.cli import main
from beam_jobs.night.known_tasks import drop_task, note_asked
from schemas.records import CorpusTasks
from tests.beam_jobs.small_night import QUICK_TASKS, TOLERANT, make_archive, rows

CAPTION = Task("caption", "caption", "Describe the audio.", max_new_tokens=4)
OTHER_CAPTION = Task("caption", "caption", "What is heard?", max_new_tokens=4)
TRANSCRIPT = Task("transcript", "transcript", "Transcribe the speech.", max_new_tokens=4)


@pytest.fixture
def place(untrained: Path, tmp_path: Path) -> list[str]:
    """The options of a finished night of two tasks."""
    (tmp_path / "tasks.yaml").write_text(QUICK_TASKS)
    archive = make_archive(tmp_path / "arc")
    given = [str(archive), "--out", str(tmp_path / "out"), "--model", str(untrained)]
    given += ["--tasks", str(tmp_path / "tasks.yaml")]
    assert main(["annotate", *given, *TOLERANT]) == 0
    return given


def kinds(out: Path) -> tuple[int, int]:
    return len(rows(out, "captions")), len(rows(out, "transcripts"))


def test_fewer_tasks_publish_what_was_asked_before(place: list[str], tmp_path: Path) -> None:
    before = kinds(tmp_path / "out")
    assert min(before) > 2
    segments = rows(tmp_path / "out", "segments")
    assert main(["annotate", *place, *TOLERANT, "--only", "transcript"]) == 0
    assert kinds(tmp_path / "out") == before
    assert rows(tmp_path / "out", "segments") == segments


def test_a_task_is_dropped_by_an_act_of_its_own_until_it_is_asked_again(
    place: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    before = kinds(out)
    publish = ["publish", "--out", str(out)]
    assert main([*publish, "--drop-task", "caption"]) == 2
    assert "--drop-task caption: the plan of these days asks it" in capsys.readouterr().err
    assert main(["plan", *place, "--only", "transcript"]) == 0
    assert main([*publish, "--drop-task", "captoin"]) == 2
    assert "this corpus was not asked it; it was asked caption, transcript" in (
        capsys.readouterr().err
    )
    assert main([*publish, "--drop-task", "caption"]) == 0
    assert kinds(out) == (0, before[1])
    assert main(publish) == 0
    assert kinds(out) == (0, before[1])
    assert main(["annotate", *place, *TOLERANT]) == 0
    assert kinds(out) == before


def test_a_night_that_nobody_noted_is_not_published_with_fewer(
    place: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As one of 0.1.0."""
    out = tmp_path / "out"
    before = kinds(out)
    (out / "manifests" / "tasks" / "corpus=default.json").unlink()
    assert main(["annotate", *place, *TOLERANT, "--only", "transcript"]) == 1
    assert (
        "af3: published answers would be gone: caption in 2 recordings; plan with these tasks too,"
        " drop one with --drop-task NAME, or publish with --accept-fewer"
    ) in capsys.readouterr().err.splitlines()[-1]
    assert kinds(out) == before
    assert main(["annotate", *place, *TOLERANT, "--only", "transcript", "--accept-fewer"]) == 0
    assert kinds(out) == (0, before[1])


def test_a_damaged_note_is_one_line(
    place: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out" / "manifests" / "tasks" / "corpus=default.json"
    assert len(json.loads(path.read_text())["tasks"]) == 2
    path.write_text("{")
    assert main(["publish", "--out", str(tmp_path / "out")]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"af3: {path}: damaged (")


def test_what_is_asked_is_noted() -> None:
    once = note_asked(CorpusTasks(), [CAPTION, TRANSCRIPT], "1")
    again = note_asked(once, [TRANSCRIPT, OTHER_CAPTION], "2")
    assert [(e.task["prompt"], e.first_asked, e.last_asked) for e in again.tasks] == [
        ("Describe the audio.", "1", "1"),
        ("Transcribe the speech.", "1", "2"),
        ("What is heard?", "2", "2"),
    ]
    dropped = drop_task(again, "caption")
    assert [entry.is_dropped for entry in dropped.tasks] == [True, False, True]
    asked = note_asked(dropped, [OTHER_CAPTION], "3")
    assert [entry.is_dropped for entry in asked.tasks] == [True, False, False]
    with pytest.raises(ConfigurationError, match=r"it was asked caption, transcript$"):
        drop_task(again, "chapter")
    with pytest.raises(ConfigurationError, match="none since"):
        drop_task(CorpusTasks(), "caption")
