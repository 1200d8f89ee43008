"""The demo with a random checkpoint of Music Flamingo's form, which Audio Flamingo Next's have too,
through every command that asks the model. Its answers are noise: the audit's limits are set for it.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from af3core.model.weights.checkpoint import find_checkpoint
from af3core.nano.demo_archive import ARCHIVE, DATE
from af3core.storage.address import open_store
from beam_jobs.cli import main
from beam_jobs.evaluation.evaluations_table import evaluated_rows
from tests.af3core.evaluation import published
from tests.af3core.model.family_checkpoints import Form, checkpoint_of
from tests.beam_jobs.small_night import QUICK_TASKS, TOLERANT, rows

TASKS = (
    QUICK_TASKS
    + """\
whole: {kind: question, unit: clip, prompt: "What is it about?", max_new_tokens: 4}
thought: {kind: question, prompt: "Is there music?", thinking: true, max_new_tokens: 6}
"""
)
TWO = ("cooking_show.opus", "reel_17.wav")
CHAT = """\
compared:
  sounds: [cooking_show.opus@0:10, reel_17.wav@0:40]
  turns:
    - <sound-1> Who is speaking?
    - And in <sound-2>?
  max_new_tokens: 4
"""
DERIVED = ("events", "embed", "skills", "think", "align", "summarise")


@pytest.fixture(scope="module")
def checkpoint(shared: Path, untrained: Path) -> Path:
    return checkpoint_of(Form("family-demo", seed=10), shared, untrained)


@pytest.fixture(scope="module")
def thinker(shared: Path, untrained: Path) -> Path:
    return checkpoint_of(Form("family-demo-think", seed=11), shared, untrained)


def af3(command: str, out: Path, *options: object) -> int:
    given = [command, "--out", out, "--corpus", "demo", *options]
    return main([str(each) for each in given])


@pytest.mark.parametrize("programmes", [TWO, pytest.param((), marks=pytest.mark.long)])
def test_every_command_that_asks_the_model(
    checkpoint: Path,
    thinker: Path,
    programmes: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Over two programmes; in the long form over all eight."""
    archive = tmp_path / "archive"
    for source in (ARCHIVE / DATE).iterdir():
        if not programmes or source.name in programmes:
            (archive / DATE).mkdir(parents=True, exist_ok=True)
            shutil.copy(source, archive / DATE)
    out, model = tmp_path / "out", ("--model", checkpoint)
    (tmp_path / "tasks.yaml").write_text(TASKS)
    options = ("--tasks", tmp_path / "tasks.yaml", "--max-clip-s", "auto", *TOLERANT)
    pair = (*model, "--think-model", thinker)
    assert main([str(each) for each in ("annotate", archive, "--out", out, "--corpus", "demo",
                                        *pair, *options)]) == 0  # fmt: skip
    _assert_night(out, archive, checkpoint, thinker)
    for job in DERIVED:
        assert af3(job, out, *(() if job == "align" else model)) == 0, job
    assert len(rows(out, "embeddings")) > 10
    capsys.readouterr()
    assert af3("dialogues", out, *model) == 2
    assert "no caption without a flag" in capsys.readouterr().err  # noise is no dialogue's stuff
    (tmp_path / "chat.yaml").write_text(CHAT)
    assert af3("chat", out, *model, "--conversations", tmp_path / "chat.yaml") == 0
    capsys.readouterr()
    place = ("--about", "cooking_show.opus@1:05", "--out", out, "--mute", *model)
    assert main([str(each) for each in ("talk", "--text", "Who is speaking?", *place)]) == 0
    assert capsys.readouterr().out.strip()


def _assert_night(out: Path, archive: Path, checkpoint: Path, thinker: Path) -> None:
    revisions = [find_checkpoint(str(folder)).revision for folder in (checkpoint, thinker)]
    captions = rows(out, "captions")
    assert len(captions) > 10
    assert {row["weights_revision"] for row in captions} == {"+".join(revisions)}
    assert {row["model"] for row in captions} == {f"{checkpoint.name}+{thinker.name}"}
    answers = [row for row in rows(out, "answers") if row["task_id"] == "whole"]
    assert len(answers) == len(list((archive / DATE).iterdir())), "each programme is one clip"
    assert rows(out, "failures") == []


def test_an_evaluation(checkpoint: Path, tmp_path: Path) -> None:
    """As it would be run with --model nvidia/audio-flamingo-next-hf."""
    data = tmp_path / "data"
    data.mkdir()
    published.write_mmau_test_mini(data)
    given: list[Any] = ["evaluate", "mmau-test-mini", "--data", data, "--model", checkpoint]
    assert main([str(each) for each in (*given, "--out", tmp_path / "out")]) == 0
    found = list(evaluated_rows(open_store(str(tmp_path / "out")), "mmau-test-mini"))
    assert len(found) == 2
    assert {row["error"] for row in found} == {""}
