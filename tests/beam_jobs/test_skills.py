"""The skills job over a real night: exact pairs, written ones, reasons for what is not kept."""

from __future__ import annotations

import argparse
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from af3core.nano.demo_archive import ARCHIVE
from af3core.tasks.skills.catalogue import catalogue
from af3core.tasks.skills.pair import Evidence, Pair
from af3core.tasks.skills.rules import broken_rule
from beam_jobs import events, skills
from beam_jobs.cli import main
from beam_jobs.job import Outcome
from beam_jobs.night import run_night
from beam_jobs.options import add_arguments
from beam_jobs.settings import JobName, NightSettings, read_settings
from tests.beam_jobs.night import DAY, rows
from tests.writer_server import writer_server

OPTIONS = ["the first half", "the second half", "all of its length", "no part of it"]
GOOD = {
    "question": "Which part of the audio is the calmest?",
    "answer": "the first half",
    "options": OPTIONS,
}
TOO_LONG = GOOD | {"question": "Which " + "very " * 20 + "calm part is it?"}
PASS = {"check": "pass", "reason": "it holds"}


def settings_of(out: Path, job: JobName, *options: str) -> NightSettings:
    parser = argparse.ArgumentParser()
    parser.add_argument("--source")
    add_arguments(parser)
    return read_settings(parser.parse_args(["--out", str(out), *options]), job)


def make(out: Path, *options: str) -> Outcome:
    return skills.run(settings_of(out, "skills", *options), [])


@pytest.fixture(scope="module")
def made_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes of the demo archive, annotated by nano, with events."""
    folder = tmp_path_factory.mktemp("skills")
    name = "morning_weather.mp3"
    (folder / "archive" / DAY).mkdir(parents=True)
    shutil.copy(ARCHIVE / DAY / name, folder / "archive" / DAY / name)
    out = folder / "out"
    run_night(settings_of(out, "night", "--source", str(folder / "archive")))
    events.run(settings_of(out, "events"), [])
    return out


@pytest.fixture
def out(made_night: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_night, tmp_path / "out"))


def of_skill(prompt: str) -> str:
    """The skill that a prompt asks for."""
    (name,) = (n for n, s in catalogue().items() if f"to train: {s.definition}\n" in prompt)
    return name


def writer(reply: Callable[[str], Any], verdict: Any = PASS) -> Callable[[str], Any]:
    """Proposes by skill, and judges everything alike."""
    return lambda prompt: verdict if prompt.startswith("Judge") else reply(of_skill(prompt))


def as_pair(row: dict[str, Any]) -> Pair:
    return Pair(
        skill=row["skill"],
        question=row["question"],
        answer=row["answer"],
        start_ms=row["start_ms"],
        end_ms=row["end_ms"],
        options=tuple(row["options"]),
        evidence=tuple(Evidence(**evidence) for evidence in row["evidence"]),
        made_by=row["made_by"],
    )


def assert_all_obey(out: Path) -> None:
    for row in rows(out, "pairs"):
        assert broken_rule(as_pair(row), catalogue()[row["skill"]]) is None


def test_exact_pairs_need_no_writer_and_are_asked_of_the_audio_model(out: Path) -> None:
    named = "temporal_order,temporal_referring,counting_level_3"
    outcome = make(out, "--skill", named)
    pairs = rows(out, "pairs")
    assert {row["skill"] for row in pairs} == {"temporal_order", "temporal_referring"}
    assert {(row["made_by"], row["self_check"], row["model"]) for row in pairs} == {
        ("rules", "", "nano")
    }
    assert all(row["segment_id"] and row["audio_answer"] for row in pairs)
    assert len({row["pair_id"] for row in pairs}) == len(pairs) > 10
    assert {row["agrees"] for row in pairs} == {True, False}
    assert_all_obey(out)
    kept = Counter(row["skill"] for row in pairs)
    agreed = Counter(row["skill"] for row in pairs if row["agrees"])
    for skill in kept:
        assert outcome.facts[f"kept: {skill}"] == kept[skill]
        assert outcome.facts[f"agreed: {skill}"] == agreed[skill]
    segments = [row for row in rows(out, "segments") if row["status"] == "annotated"]
    without = sum(n for k, n in outcome.facts.items() if k.startswith("without_evidence: counting"))
    assert outcome.facts["nothing_to_ask: counting_level_3"] + without == len(segments)


def test_a_skill_without_its_evidence_makes_no_pair_and_says_why(out: Path) -> None:
    shutil.rmtree(out / "tables" / "events")
    shutil.rmtree(out / "tables" / "transcripts")
    outcome = make(out, "--skill", "temporal_order,attribute_identification,summary")
    assert rows(out, "pairs") == []
    segments = sum(row["status"] == "annotated" for row in rows(out, "segments"))
    assert {k: n for k, n in outcome.facts.items() if k.startswith("without")} == {
        "without_evidence: temporal_order: events": segments,
        "without_evidence: attribute_identification: events, descriptors": segments,
        "without_evidence: summary: transcripts": 1,
    }


def test_written_pairs_are_kept_where_all_is_well(out: Path) -> None:
    def reply(skill: str) -> Any:
        answer = "A talk about the weather."
        return {"question": "What is it?", "answer": answer} if skill == "summary" else GOOD

    names = ("general_reasoning", "summary")
    with writer_server(writer(reply)) as server:
        given = ["--writer", "af3", "--writer-endpoint", server.endpoint]
        outcome = make(out, "--skill", ",".join(names), *given)
        asked = len(server.bodies)
        again = make(out, "--skill", ",".join(names), *given)
        assert len(server.bodies) == asked
    found = Counter(row["skill"] for row in rows(out, "pairs"))
    captioned = sum(not row["flags"] for row in rows(out, "captions"))
    assert found == {"general_reasoning": captioned, "summary": 1}
    assert asked == 2 * (captioned + 1)
    assert (outcome.facts["made_now"], again.facts["made_now"]) == (1, 0)
    assert again.facts == outcome.facts | {"made_now": 0}
    for row in rows(out, "pairs"):
        assert (row["made_by"], row["self_check"]) == ("af3", "pass")
        assert row["audio_answer"]
        assert row["evidence"]
        assert bool(row["segment_id"]) == (row["skill"] != "summary")
        assert sorted(row["options"]) == (sorted(OPTIONS) if row["segment_id"] else [])
    assert rows(out, "rejected_pairs") == []
    assert_all_obey(out)


@pytest.mark.parametrize(
    ("reply", "reason", "detail"),
    [
        ("I cannot do that.", "malformed_reply", "no document of the schema after 3 tries"),
        ({"question": "Why?"}, "malformed_reply", "no document of the schema after 3 tries"),
        (TOO_LONG, "question_too_long", "25 words, at most 20"),
        (GOOD | {"options": OPTIONS[:3]}, "too_few_options", "3, at least 4"),
        (GOOD | {"answer": "the last half"}, "answer_not_an_option", "the last half"),
        (
            GOOD | {"question": "Is the first half the calmest?"},
            "answer_in_question",
            "the first half",
        ),
        (GOOD | {"question": "Which part does Anna speak in?"}, "speaker_named", "Anna speak"),
        (
            GOOD | {"question": "Which part does the caption name?"},
            "source_mentioned",
            "caption",
        ),
    ],
)
def test_what_breaks_a_rule_is_rejected_with_its_reason(
    out: Path, reply: Any, reason: str, detail: str
) -> None:
    with writer_server(writer(lambda skill: reply)) as server:
        given = ["--writer", "af3", "--writer-endpoint", server.endpoint]
        outcome = make(out, "--skill", "topic_qa", *given)
        tries = 3 if reason == "malformed_reply" else 1
        assert len(server.bodies) == tries
    assert rows(out, "pairs") == []
    [row] = rows(out, "rejected_pairs")
    assert (row["skill"], row["reason"]) == ("topic_qa", reason)
    assert detail in row["detail"]
    assert outcome.facts[f"rejected: topic_qa: {reason}"] == 1


def test_a_failed_check_a_malformed_one_and_no_good_question(out: Path) -> None:
    def counts(reply: Any, verdict: Any) -> dict[str, int]:
        with writer_server(writer(lambda skill: reply, verdict)) as server:
            given = ["--writer", "af3", "--writer-endpoint", server.endpoint, "--seed", seed]
            facts = make(out, "--skill", "topic_qa", *given).facts
        return {k: n for k, n in facts.items() if "topic_qa" in k}

    seed = "1"  # each is work of its own
    assert counts(GOOD, {"check": "fail", "reason": "one need not listen"}) == {
        "rejected: topic_qa: self_check_failed": 1
    }
    assert rows(out, "rejected_pairs")[0]["detail"] == "one need not listen"
    seed = "2"
    assert counts(GOOD, "fine") == {"rejected: topic_qa: self_check_malformed_reply": 1}
    seed = "3"
    nothing = {"question": None, "answer": "", "options": []}
    assert counts(nothing, PASS) == {"nothing_to_ask: topic_qa": 1}


def test_a_malformed_reply_is_asked_for_twice_more(out: Path) -> None:
    replies = ["", '{"question":', json.dumps(GOOD)]
    with writer_server(writer(lambda skill: replies.pop(0))) as server:
        given = ["--writer", "af3", "--writer-endpoint", server.endpoint]
        outcome = make(out, "--skill", "topic_qa", *given)
        proposals = [b for b in server.bodies if "Judge" not in json.dumps(b)]
    assert outcome.facts["kept: topic_qa"] == 1
    assert [body["temperature"] for body in proposals] == [0.0, 0.7, 0.7]
    assert len({body["seed"] for body in proposals}) == 3


def test_the_same_question_twice_about_a_segment_is_kept_once(out: Path) -> None:
    with writer_server(writer(lambda skill: GOOD)) as server:
        given = ["--writer", "af3", "--writer-endpoint", server.endpoint]
        make(out, "--skill", "topic_qa,needle_qa", *given)
    assert len(rows(out, "pairs")) == 1
    [row] = rows(out, "rejected_pairs")
    assert (row["reason"], row["detail"]) == ("asked_already", GOOD["question"])


def test_a_writer_that_is_away_is_a_failure_and_is_asked_again(out: Path) -> None:
    with writer_server(writer(lambda skill: GOOD)) as server:
        given = ["--writer", "af3", "--writer-endpoint", server.endpoint, "--skill", "topic_qa"]
        server.replies = [(200, {}, {"data": [{"id": "af3"}]}), (401, {}, {"error": "no key"})]
        failed = make(out, *given)
        assert failed.facts["failures"] == 1
        assert any("no key" in line for line in failed.lines)
        assert rows(out, "pairs") == []
        assert make(out, *given).facts["kept: topic_qa"] == 1


def test_nano_as_its_own_writer_keeps_nothing_that_breaks_a_rule(out: Path) -> None:
    outcome = make(out, "--skill", "general_reasoning,speech_qa_needle,summary")
    rejected = rows(out, "rejected_pairs")
    assert len(rejected) > 5
    assert all(row["reason"] and row["detail"] and row["made_by"] == "nano" for row in rejected)
    assert rows(out, "pairs") == []
    assert not any(key.startswith("kept: ") for key in outcome.facts)


def test_the_sample_shows_every_skill_and_follows_from_the_seed(out: Path) -> None:
    named = "temporal_order,temporal_referring,temporal_grounding"
    sample = make(out, "--skill", named).facts["sampled_pairs"]
    assert len(sample) == 20
    assert {line.partition(",")[0] for line in sample[:3]} == set(named.split(","))
    assert make(out, "--skill", named).facts["sampled_pairs"] == sample
    assert all("[" in line and "(the audio model: " in line for line in sample)


def test_the_list_and_a_wrong_name(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["skills", "list"]) == 0
    text = capsys.readouterr().out
    assert all(f"    {name} " in text for name in catalogue())
    assert "  temporal (538,000 pairs in the paper)\n" in text
    assert max(map(len, text.splitlines())) <= 100
    assert main(["skills", "--out", str(out), "--skill", "temporal_ordr"]) == 2
    assert capsys.readouterr().err == (
        "af3: --skill temporal_ordr: no such skill; near it are temporal_order,"
        " order_temporal_order, temporal_referring\n"
    )
