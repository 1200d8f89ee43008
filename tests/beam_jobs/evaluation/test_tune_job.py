"""A model that mistakes a word is tuned on what people corrected; the gate says it is better."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from af3core.errors import ConfigurationError
from af3core.model.weights.checkpoint import nano_folder
from af3core.nano.espeak_voices import random_speaker, speak
from af3core.nano.lexicon import TOPICS
from af3core.nano.sentences import sentence
from beam_jobs.cli import main
from beam_jobs.corrections.adding import add_corrections
from beam_jobs.corrections.quality_sample import SAMPLE_REASON
from beam_jobs.derive.export.selection import Filters
from beam_jobs.evaluation import tune_job
from beam_jobs.evaluation.reviewed_lessons import TooFewReviewed
from beam_jobs.framework.job import Outcome
from schemas.trained_models import TrainedModel
from tests.beam_jobs.embedded_night import TASKS
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.run_night import run_night
from tests.beam_jobs.small_night import DAY, rows
from tests.media import write

RECORDINGS, SHARE = 34, 0.33
TRANSCRIPT = TASKS.splitlines()[1]
RIGHT, WRITTEN = " storm", " snow"
"""What is said, and what the spoilt model writes for it."""


@dataclass(frozen=True)
class Reviewed:
    """A night of the spoilt model, whose transcripts a person corrected."""

    out: Path
    model: Path
    tasks: Path
    seed: int

    def options(self, tuned: Path, *more: str) -> list[str]:
        given = ["--out", self.out, "--model", self.model, "--tasks", self.tasks, "--tuned", tuned]
        given += ["--seed", self.seed, "--test-share", SHARE, "--rank", 8, "--epochs", 4]
        return [*map(str, given), "--learning-rate", "0.003", *more]

    def tune(self, tuned: Path, *more: str) -> Outcome:
        return tune_job.run(settings_for("tune", *self.options(tuned, *more)))


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Reviewed:
    folder = tmp_path_factory.mktemp("reviewed")
    model, out, tasks = spoilt(folder / "spoilt"), folder / "out", folder / "tasks.yaml"
    tasks.write_text(TRANSCRIPT)
    words = recordings(folder / "archive")
    night = ("--out", out, "--model", model, "--tasks", tasks)
    run_night(settings_for("night", folder / "archive", *night))
    found = {r["recording_id"]: Path(r["object_uri"]).stem for r in rows(out, "recordings")}
    correct(out, {recording: words[name] for recording, name in found.items()})
    return Reviewed(out, model, tasks, seed_of(list(found)))


def spoilt(folder: Path) -> Path:
    """Nano, which writes one word for another: two rows of its output layer are swapped."""
    from safetensors.torch import load_file, save_file
    from transformers import PreTrainedTokenizerFast

    shutil.copytree(nano_folder(), folder)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    [right], [written] = (tokenizer(word).input_ids for word in (RIGHT, WRITTEN))
    weights = load_file(folder / "model.safetensors")
    head = weights["language_model.lm_head.weight"]
    head[[right, written]] = head[[written, right]]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def recordings(archive: Path) -> dict[str, str]:
    """Sentences with the word, each by another voice; what is said by the recording's name."""
    random, said = Random(5), dict[str, str]()
    while len(said) < RECORDINGS:
        words = sentence(TOPICS[0], random)
        if RIGHT.strip() in words.split() and 5 <= len(words.split()) <= 8:
            name = f"{len(said):02}"
            said[name] = words
            audio = 0.5 * speak(random_speaker(random), words).audio
            write(archive / DAY / f"{name}.wav", audio)
    return said


def correct(out: Path, words: dict[str, str]) -> None:
    """A person goes through all transcripts: text where it is wrong, else right."""
    given: list[dict[str, Any]] = []
    for row in rows(out, "transcripts"):
        at = {name: row[name] for name in ("start_ms", "end_ms", "task_id")}
        at["recording"] = row["recording_id"]
        truth = words[row["recording_id"]]
        kind = {"kind": "right"} if row["text"] == truth else {"new_value": truth}
        given.append(at | kind)
    assert add_corrections(str(out), given, by="Ada", reason=SAMPLE_REASON).kept == RECORDINGS


def seed_of(found: list[str]) -> int:
    """One whose draw leaves enough on both sides: espeak's noise is drawn anew, and so the hashes
    are others each time.
    """
    for seed in range(1000):
        filters = Filters(held_out=SHARE, seed=seed)
        held_out = sum(filters.split_of(recording) == "test" for recording in found)
        if held_out == 12:
            return seed
    raise AssertionError("no seed")


def figures(outcome: Outcome) -> dict[str, Any]:
    [change] = outcome.facts["changes"]
    found: dict[str, Any] = change
    return found


def test_it_learns_the_word_from_what_people_corrected(
    reviewed: Reviewed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuned = tmp_path / "tuned"
    assert main(["quality", "--out", str(reviewed.out), "--date", DAY]) == 0
    before = capsys.readouterr().out.splitlines()[-1]
    assert before.startswith("reviewed    transcript, spoilt: ")
    assert "34 reviewed in 34 recordings" in before
    outcome = reviewed.tune(tuned)
    change = figures(outcome)
    assert (outcome.facts["taught"], outcome.facts["held_out"]) == (22, 12)
    assert change["before"] > 10
    assert change["after"] < change["before"] / 3
    assert change["high"] < 0
    assert change["p_value"] < 0.01
    assert any(
        ("storm" in truth, "snow" in said, "storm" in now, "snow" in now)
        == (True, True, True, False)
        for truth, said, now in change["examples"]
    )
    assert any(line.startswith("transcript: ") for line in outcome.lines)
    assert not tmp_path.joinpath("tuned.tuning").exists()
    its_recordings_are_kept(reviewed, outcome)
    a_checkpoint_is_not_overwritten(reviewed, tuned)
    the_gate_takes_it(reviewed, tuned, tmp_path, capsys)
    a_night_takes_it(reviewed, tuned, tmp_path)


def its_recordings_are_kept(reviewed: Reviewed, outcome: Outcome) -> None:
    revision = outcome.facts["weights_revision"]
    path = reviewed.out / f"trained/corpus=default/{revision}.json"
    record = TrainedModel.from_bytes(path.read_bytes())
    assert (record.model, record.source_model) == ("tuned", "spoilt")
    assert len(record.recordings) == RECORDINGS
    assert sum(each.is_held_out for each in record.recordings) == 12
    contents = {r["content_sha256"] for r in rows(reviewed.out, "recordings")}
    assert {each.content_sha256 for each in record.recordings} == contents


def a_checkpoint_is_not_overwritten(reviewed: Reviewed, tuned: Path) -> None:
    with pytest.raises(ConfigurationError, match="no checkpoint is overwritten"):
        reviewed.tune(tuned)


def the_gate_takes_it(
    reviewed: Reviewed, tuned: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By people's answers on the archive itself: held-out ones, with their sounds."""
    out, evaluated = str(reviewed.out), str(folder / "evaluated")
    split = ["--held-out", str(SHARE), "--seed", str(reviewed.seed)]
    chosen = ["--tasks", str(reviewed.tasks), "--reviewed-only", *split]
    assert main(["export", "--out", out, *chosen]) == 0
    export = f"{out}/exports/corpus=default/from={DAY},until={DAY}/af3"
    name = "reviewed-transcripts"
    asked = ["evaluate", name, "--data", export, "--out", evaluated, "--model"]
    assert main([*asked, str(tuned)]) == 1
    assert "12 reviewed transcripts, and a model is not judged by fewer than 20" in (
        capsys.readouterr().err
    )
    assert main(["export", "--out", out, *chosen[:3]]) == 0
    for model in (reviewed.model, tuned):
        assert main([*asked, str(model)]) == 0
    accept = ["accept", "--out", evaluated, "--benchmarks", name, "--model"]
    assert main([*accept, str(tuned)]) == 0
    assert main([*accept, str(reviewed.model)]) == 1
    assert "points worse than" in capsys.readouterr().err


def a_night_takes_it(reviewed: Reviewed, tuned: Path, folder: Path) -> None:
    archive, out = folder / "archive", folder / "out"
    write(
        archive / DAY / "one.wav",
        0.5 * speak(random_speaker(Random(1)), "the storm was loud").audio,
    )
    given = ("--out", out, "--model", tuned, "--tasks", reviewed.tasks)
    run_night(settings_for("night", archive, *given))
    [row] = rows(out, "transcripts")
    assert row["model"] == "tuned"
    assert "snow" not in row["text"]


def test_the_report_says_how_good_it_is(
    reviewed: Reviewed, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--out", str(reviewed.out), "--date", DAY, "--model", str(reviewed.model)]
    assert main(["report", *given, "--tasks", str(reviewed.tasks)]) == 0
    lines = capsys.readouterr().out.splitlines()
    [line] = [line for line in lines if line.startswith("reviewed    transcript, spoilt: ")]
    assert line.endswith("34 reviewed in 34 recordings")
    [page] = reviewed.out.glob("reports/corpus=default/run=*/report.html")
    text = page.read_text("utf-8")
    assert "What people reviewed" in text
    assert "34 reviewed in 34 recordings" in text


def test_too_few_are_refused(reviewed: Reviewed, tmp_path: Path) -> None:
    with pytest.raises(TooFewReviewed) as refused:
        reviewed.tune(tmp_path / "tuned", "--test-share", "0.9")
    assert "reviewed answers in" in str(refused.value)
    assert "to teach, and 20 are needed; review more (af3 correct FILE)" in str(refused.value)
    assert not any(tmp_path.glob("tuned*"))


@pytest.mark.parametrize(
    ("tuned", "said"), [("", "is missing"), ("gs://bucket/tuned", "name a folder on this machine")]
)
def test_a_folder_here_is_needed(reviewed: Reviewed, tuned: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        tune_job.run(settings_for("tune", "--out", reviewed.out, "--tuned", tuned))


def test_a_folder_that_was_begun_for_something_else(reviewed: Reviewed, tmp_path: Path) -> None:
    work = tmp_path / "tuned.tuning"
    work.mkdir()
    begun = {"identity": "x", "source_revision": "other"}
    (work / "begun.json").write_text(json.dumps(begun))
    with pytest.raises(ConfigurationError, match="its weights have changed since"):
        reviewed.tune(tmp_path / "tuned")
    settings = settings_for("tune", *reviewed.options(tmp_path / "tuned"))
    begun["source_revision"] = settings.checkpoint.revision
    (work / "begun.json").write_text(json.dumps(begun))
    with pytest.raises(ConfigurationError, match="was begun with other reviews or options"):
        reviewed.tune(tmp_path / "tuned")
    (work / "begun.json").write_text("{")
    with pytest.raises(ConfigurationError, match="damaged; remove"):
        reviewed.tune(tmp_path / "tuned")
