"""Examples by retrieval: the nearest published segments stand before a prompt."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from af3core.embedding import few_shot
from af3core.errors import ConfigurationError
from beam_jobs.derive import embed_job
from beam_jobs.night import annotate, discover, publish
from tests.beam_jobs.embedded_night import SPEAKER, TASKS, embedded_night, settings_with
from tests.beam_jobs.job_settings import planned
from tests.beam_jobs.small_night import rows

WITH_EXAMPLES = TASKS + SPEAKER % "by_example" + "  examples: 2\n"


@pytest.fixture(scope="module")
def embedded(shared: Path) -> Path:
    return embedded_night(shared)


@dataclass(frozen=True)
class Asked:
    """The night with the question that has examples: its results, and the prompts as they were."""

    out: Path
    prompts: list[str]


@pytest.fixture(scope="module")
def asked(embedded: Path, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    out, prompts = tmp_path_factory.mktemp("asked") / "out", []
    shutil.copytree(embedded, out)
    real = few_shot.with_examples

    def heard(*arguments: Any) -> str:
        prompts.append(real(*arguments))
        return prompts[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("beam_jobs.night.task_request.with_examples", heard)
        ask(out, WITH_EXAMPLES)
    return Asked(out, prompts)


def ask(out: Path, tasks: str) -> dict[str, dict[str, Any]]:
    """Annotate and publish; the rows of the question with examples by segment."""
    annotate.run(settings_with(out, tasks=tasks))
    publish.run(settings_with(out, tasks=tasks))
    return answers_by_example(out)


def answers_by_example(out: Path) -> dict[str, dict[str, Any]]:
    """The rows of the question with examples by segment."""
    found = [row for row in rows(out, "answers") if row["task_id"] == "by_example"]
    return {row["segment_id"]: row for row in found}


def test_the_nearest_of_other_recordings_are_kept_with_the_answer(asked: Asked) -> None:
    out = asked.out
    answers = answers_by_example(out)
    places = rows(out, "embeddings")
    vectors = np.array([row["audio_embedding"] for row in places])
    assert len(answers) == len(places) > 10
    for number, row in enumerate(places):
        distances = 1 - vectors @ vectors[number]
        others = [
            (round(float(distance), 4), other["segment_id"])
            for other, distance in zip(places, distances, strict=True)
            if other["recording_id"] != row["recording_id"] and not other["flags"]
        ]
        shown = answers[row["segment_id"]]["examples"]
        assert len(shown) == 2
        assert shown[0]["segment_id"] == min(others)[1]
        assert shown[0]["distance"] == pytest.approx(min(others)[0], abs=1e-4)
        assert shown[0]["distance"] <= shown[1]["distance"]
        assert row["recording_id"] not in {example["recording_id"] for example in shown}
    plain = [row for row in rows(out, "answers") if row["task_id"] == "speaker"]
    assert len(plain) == len(answers)
    assert all(row["examples"] == [] for row in plain)


def test_no_answer_depends_on_what_was_asked_before(
    embedded: Path, asked: Asked, tmp_path: Path
) -> None:
    parted = tmp_path / "parted"
    shutil.copytree(embedded, parted)
    archive = str(embedded.parent / "archive")
    night = settings_with(parted, tasks=WITH_EXAMPLES, source=archive)
    discover.run(night)
    for part in ("2/3", "0/3", "1/3"):
        annotate.run(planned(night, "annotate", "--part", part))
        publish.run(planned(night, "publish"))
    assert answers_by_example(parted) == answers_by_example(asked.out)


def test_an_answer_stays_when_the_neighbours_change(embedded: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(embedded, out)
    shutil.rmtree(out / "tables" / "embeddings")
    unaided = ask(out, WITH_EXAMPLES)
    assert unaided
    assert all(row["examples"] == [] for row in unaided.values())
    embed_job.run(settings_with(out, job="embed"))
    again = annotate.run(settings_with(out, tasks=WITH_EXAMPLES))
    assert again.facts == {"answers_made": 0}
    one_more = WITH_EXAMPLES.replace("examples: 2", "examples: 1")
    assert {len(row["examples"]) for row in ask(out, one_more).values()} == {1}


def test_the_prompt_holds_captions_and_answers(asked: Asked) -> None:
    out = asked.out
    answers = answers_by_example(out)
    captions = {row["segment_id"]: row["text"] for row in rows(out, "captions")}
    choices = {
        row["segment_id"]: row["choice"]
        for row in rows(out, "answers")
        if row["task_id"] == "speaker"
    }
    expected = set()
    for row in answers.values():
        lines = [
            f"Example {number}: {captions[name]} Who is speaking? {choices[name]}"
            for number, name in enumerate((e["segment_id"] for e in row["examples"]), 1)
        ]
        expected.add("\n".join(["Here are similar examples.", *lines, "Who is speaking? Choose"]))
    assert {prompt.partition(" the correct option")[0] for prompt in asked.prompts} == expected


def test_a_served_model_has_no_examples(tmp_path: Path) -> None:
    served = ["--engine", "openai", "--endpoint", "http://127.0.0.1:9/v1", "--model", "m"]
    with pytest.raises(ConfigurationError, match="task by_example: examples are found by the mod"):
        settings_with(tmp_path / "out", *served, tasks=WITH_EXAMPLES)
