"""Pairs that a language model writes: kept where all is well, or rejected with the reason."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from af3core.skills.catalogue import catalogue
from tests.beam_jobs.skills_night import assert_all_obey, made_night, make
from tests.beam_jobs.small_night import rows
from tests.writer_server import writer_server

OPTIONS = ["the first half", "the second half", "all of its length", "no part of it"]
GOOD = {
    "question": "Which part of the audio is the calmest?",
    "answer": "the first half",
    "options": OPTIONS,
}
TOO_LONG = GOOD | {"question": "Which " + "very " * 20 + "calm part is it?"}
PASS = {"check": "pass", "reason": "it holds"}


@pytest.fixture
def out(shared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_night(shared), tmp_path / "out"))


def of_skill(prompt: str) -> str:
    """The skill that a prompt asks for."""
    (name,) = (n for n, s in catalogue().items() if f"to train: {s.definition}\n" in prompt)
    return name


def writer(reply: Callable[[str], Any], verdict: Any = PASS) -> Callable[[str], Any]:
    """Proposes by skill, and judges everything alike."""
    return lambda prompt: verdict if prompt.startswith("Judge") else reply(of_skill(prompt))


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
    assert [body.get("seed") for body in proposals] == [None, 1, 2]


def test_the_same_question_twice_about_a_segment_is_kept_once(out: Path) -> None:
    with writer_server(writer(lambda skill: GOOD)) as server:
        given = ["--writer", "af3", "--writer-endpoint", server.endpoint]
        make(out, "--skill", "topic_qa,needle_qa", *given)
    assert len(rows(out, "pairs")) == 1
    [row] = rows(out, "rejected_pairs")
    assert (row["reason"], row["detail"]) == ("asked_already", GOOD["question"])


def test_a_writer_that_lets_nobody_in_is_waited_for(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with writer_server(writer(lambda skill: GOOD)) as server:
        given = ["--writer", "af3", "--writer-endpoint", server.endpoint, "--skill", "topic_qa"]
        server.replies = [(200, {}, {"data": [{"id": "af3"}]}), (401, {}, {"error": "no key"})]
        failed = make(out, *given)
        assert (failed.facts["failures"], failed.waiting) == (0, {"ServerUnavailable": 1})
        assert "no key" in capsys.readouterr().err
        assert rows(out, "pairs") == []
        assert make(out, *given).facts["kept: topic_qa"] == 1


def test_nano_as_its_own_writer_keeps_nothing_that_breaks_a_rule(out: Path) -> None:
    outcome = make(out, "--skill", "general_reasoning,speech_qa_needle,summary")
    rejected = rows(out, "rejected_pairs")
    assert len(rejected) > 5
    assert all(row["reason"] and row["detail"] and row["made_by"] == "nano" for row in rejected)
    assert rows(out, "pairs") == []
    assert not any(key.startswith("kept: ") for key in outcome.facts)
