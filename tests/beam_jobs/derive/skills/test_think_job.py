"""Thinking before answers: written, checked, refused with reasons, exported in AF-Think's form."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from af3core.tasks.thinking import THINK_SUFFIX, split_thinking
from beam_jobs.cli import main
from beam_jobs.derive.skills import think_job
from beam_jobs.framework.job import Outcome
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.skills_night import made_night, make
from tests.beam_jobs.small_night import DAY, rows
from tests.made_once import made_once
from tests.writer_server import writer_server

SKILLS = "temporal_order,counting_level_3"
GOOD = (
    "I listen to what comes one after another. The noises stand apart from the talk, with short"
    " rests between them, so their places are plain to hear, and comparing those places settles"
    " which reply fits here: {}."
)
PASS = {"check": "pass", "reason": "it holds"}


@pytest.fixture
def out(shared: Path, tmp_path: Path) -> Path:
    """A night with exact pairs of two skills."""

    def pairs(folder: Path) -> None:
        shutil.copytree(made_night(shared), folder)
        make(folder, "--skill", SKILLS)

    return Path(shutil.copytree(made_once(shared, "think-night", pairs), tmp_path / "out"))


def think(out: Path, endpoint: str, *options: str) -> Outcome:
    """Run the job."""
    given = ("--writer", "af3", "--writer-endpoint", endpoint, *options)
    return think_job.run(settings_for("think", "--out", out, *given), [])


def told(prompt: str, name: str) -> str:
    """A line of a prompt."""
    return re.findall(rf"^{name}: (.*)$", prompt, re.MULTILINE)[-1]


def writer(
    thinking: str | None = GOOD, verdict: Any = PASS, letter: str = ""
) -> Callable[[str], Any]:
    """Thinks alike of all; reads the option off the end of the thinking, or always says one."""

    def write(prompt: str) -> Any:
        if prompt.startswith("Judge"):
            return verdict
        if prompt.startswith("Choose"):
            options = {text: name for name, text in re.findall(r"^\((\w)\) (.*)$", prompt, re.M)}
            return {"option": letter or options[told(prompt, "Thinking").split(": ")[1][:-1]]}
        answer = told(prompt, "Answer")
        return {"thinking": thinking.format(answer) if thinking else thinking}

    return write


def test_thinking_that_passes_is_kept_once_and_exported_in_the_papers_form(out: Path) -> None:
    pairs = rows(out, "pairs")
    with writer_server(writer()) as server:
        outcome = think(out, server.endpoint)
        asked = len(server.bodies)
        again = think(out, server.endpoint)
        assert len(server.bodies) == asked == 3 * len(pairs)
    assert (outcome.facts["made_now"], again.facts["made_now"]) == (1, 0)
    thoughts = rows(out, "thoughts")
    assert {row["pair_id"] for row in thoughts} == {row["pair_id"] for row in pairs}
    assert {(row["made_by"], row["thinking_by"]) for row in thoughts} == {("rules", "af3")}
    assert rows(out, "rejected_thoughts") == []
    assert outcome.lines[1].split()[-4:] == [str(_of(pairs, "temporal_order")), "0", "0", "100%"]
    assert main(["export", "--out", str(out), "--format", "af-think"]) == 0
    [shard] = (out / "exports").glob("*/*/af-think/train-*.json")
    records = json.loads(shard.read_text())
    assert len(records) == len(pairs)
    question, answer = (turn["value"] for turn in records[0]["conversations"])
    assert question.startswith("<sound>\n")
    assert question.endswith(THINK_SUFFIX)
    options = re.findall(r"^\(\w\) (.*)$", question, re.MULTILINE)
    split = split_thinking(answer, options)
    assert split.thinking.startswith("I listen to what comes one after another.")
    assert split.answer.partition(") ")[2] in options
    assert 20 <= len(split.thinking.split()) <= 60
    assert "thinking" in (shard.parent / "datasheet.md").read_text()


def _of(found: list[dict[str, Any]], skill: str) -> int:
    return sum(row["skill"] == skill for row in found)


@pytest.mark.parametrize(
    ("write", "reason", "detail"),
    [
        (writer("It is heard."), "thinking_too_short", "3 words, at least 20"),
        (writer("It is heard. " * 21), "thinking_too_long", "63 words, at most 60"),
        (writer("The caption says so. " * 6), "source_mentioned", "caption"),
        (writer("So says Mrs. Hall here. " * 6), "speaker_named", "Mrs. Hall"),
        (writer("It is so and it is so. " * 5), "nothing_added", "words of its own"),
        (writer(GOOD + " <sound>"), "special_token", "<sound>"),
        (
            writer(verdict={"check": "fail", "reason": "the rests are not known"}),
            "self_check_failed",
            "the rests are not known",
        ),
        (writer(letter="F"), "leads_elsewhere", "no option"),
        (writer(verdict="well"), "self_check_malformed_reply", "no document of the schema"),
    ],
)
def test_what_a_check_refuses_is_counted_by_its_reason(
    out: Path, write: Callable[[str], Any], reason: str, detail: str
) -> None:
    pairs = rows(out, "pairs")
    with writer_server(write) as server:
        outcome = think(out, server.endpoint, "--skill", "counting_level_3")
    assert rows(out, "thoughts") == []
    rejected = rows(out, "rejected_thoughts")
    assert {row["reason"] for row in rejected} == {reason}
    assert all(detail in row["detail"] for row in rejected)
    count = _of(pairs, "counting_level_3")
    assert len(rejected) == outcome.facts[f"rejected: counting_level_3: {reason}"] == count > 0
    assert f"rejected: {reason} {count}" in outcome.lines


def test_where_nothing_leads_to_the_answer_there_is_no_thinking(out: Path) -> None:
    with writer_server(writer(None)) as server:
        outcome = think(out, server.endpoint)
    counts = Counter(row["skill"] for row in rows(out, "pairs"))
    for skill, count in counts.items():
        assert outcome.facts[f"nothing_to_think: {skill}"] == count
    assert rows(out, "thoughts") == rows(out, "rejected_thoughts") == []


def test_a_writer_that_is_away_is_waited_for(out: Path) -> None:
    with writer_server(writer()) as server:
        server.replies = [(200, {}, {"data": [{"id": "af3"}]}), (401, {}, {"error": "no key"})]
        failed = think(out, server.endpoint)
        assert (failed.facts["failures"], failed.waiting) == (0, {"ServerUnavailable": 1})
        assert rows(out, "thoughts") == []
        assert think(out, server.endpoint).facts["made_now"] == 1
    assert len(rows(out, "thoughts")) == len(rows(out, "pairs"))


def test_pairs_of_other_days_and_skills_are_left_alone(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with writer_server(writer()) as server:
        think(out, server.endpoint, "--skill", "temporal_order")
    assert {row["skill"] for row in rows(out, "thoughts")} == {"temporal_order"}
    assert main(["think", "--out", str(out), "--skill", "temporal_ordr"]) == 2
    assert "no such skill; near it are temporal_order" in capsys.readouterr().err
    assert DAY in str(next((out / "tables" / "thoughts").rglob("*.parquet")))


def test_pairs_stand_in_one_order_whatever_a_recordings_ids_are() -> None:
    """A copy's ids are others, and its thinking is taken over by what decides it."""

    def pairs(*ids: str) -> list[dict[str, Any]]:
        asked = {"clip_id": "c", "start_ms": 0, "end_ms": 9_000, "skill": "counting_level_3"}
        texts = ("How many bells?", "How many dogs?")
        return [
            asked | {"pair_id": name, "question": text, "options": None, "answer": "2"}
            for name, text in zip(ids, texts, strict=True)
        ]

    for ids in (("a", "b"), ("b", "a")):
        for given in (pairs(*ids), pairs(*ids)[::-1]):
            questions = [pair["question"] for pair in think_job.in_order(given)]
            assert questions == ["How many bells?", "How many dogs?"]
