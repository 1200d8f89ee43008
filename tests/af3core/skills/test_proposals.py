"""What a writer is asked for, in which words, and how its reply becomes a pair."""

from __future__ import annotations

import jsonschema
import pytest

from af3core.skills.catalogue import catalogue
from af3core.skills.evidence import SegmentEvidence
from af3core.skills.pair import Evidence, Pair
from af3core.skills.pair_rules import broken_rule
from af3core.skills.proposals import (
    CHECK_SCHEMA,
    MAX_NEW_TOKENS,
    Proposal,
    check_prompt,
    due_proposals,
    group_by_schema,
    read_proposal,
    schema_of,
)
from af3core.skills.question_span import segment_span

SEGMENT = SegmentEvidence("r", "c", "s", 0, 20_000, ("A bell, then rain.",), ("good evening",))
STRETCH = segment_span(SEGMENT)
SCENE = Proposal(catalogue()["sound_reasoning_acoustic_scene"], STRETCH)
REPLY = {
    "question": "Where does this  most likely happen?",
    "answer": "in a churchyard",
    "options": ["in a churchyard", "in a desert", "on a ship", "in a cave"],
}


def test_the_prompt_holds_skill_evidence_and_rules() -> None:
    prompt = SCENE.prompt
    for text in (
        "The skill to train: The place or setting, from its ambience, echo and people.",
        "The wrong options are places that share some of the sounds",
        "The audio is 20 s long.\nHeard: A bell, then rain.\n",
        "- The question has at most 20 words and ends with a question mark.",
        "- There are 4 options of at most 10 words",
        "with the keys question, answer and options, and nothing else.",
    ):
        assert text in prompt
    assert "good evening" not in prompt
    open_prompt = Proposal(catalogue()["summary"], STRETCH).prompt
    assert "- The answer has at most 50 words." in open_prompt
    assert "options" not in open_prompt.partition("Rules:")[2]


def test_half_of_the_yes_or_no_questions_are_to_be_answered_no() -> None:
    skill = catalogue()["general_reasoning_yes_no"]
    stretches = [segment_span(SegmentEvidence("r", "c", f"s{n}", 0, 9000)) for n in range(200)]
    proposals = [Proposal(skill, stretch) for stretch in stretches]
    assert 80 < sum("The right answer is to be No." in p.prompt for p in proposals) < 120
    assert 80 < sum("The right answer is to be Yes." in p.prompt for p in proposals) < 120
    assert "is to be" not in SCENE.prompt


def test_a_reply_becomes_a_pair_with_its_options_shuffled() -> None:
    assert read_proposal(SCENE, REPLY, "gpt", 0) == Pair(
        skill="sound_reasoning_acoustic_scene",
        question="Where does this most likely happen?",
        answer="in a churchyard",
        start_ms=0,
        end_ms=20_000,
        options=("in a desert", "on a ship", "in a churchyard", "in a cave"),
        evidence=(Evidence("caption", "A bell, then rain.", 0, 20_000),),
        made_by="gpt",
    )


def test_letters_of_options_are_left_out() -> None:
    lettered = ["(A) in a churchyard", "(B) in a desert", "(C) on a ship", "(D) in a cave"]
    pair = read_proposal(SCENE, REPLY | {"options": lettered, "answer": lettered[0]}, "gpt", 0)
    assert pair == read_proposal(SCENE, REPLY, "gpt", 0)
    assert pair is not None
    assert broken_rule(pair, SCENE.skill) is None


def test_no_good_question_is_no_pair() -> None:
    assert read_proposal(SCENE, {"question": None, "answer": "", "options": []}, "g", 0) is None


@pytest.mark.parametrize(
    ("form", "reply", "valid"),
    [
        ("options", REPLY, True),
        ("options", {"question": None, "answer": "", "options": []}, True),
        ("options", {"question": "What?", "answer": "x"}, False),
        ("options", REPLY | {"why": "because"}, False),
        ("open", {"question": "What?", "answer": "x"}, True),
        ("open", REPLY, False),
        ("yes_no", {"question": "Is it?", "answer": 1}, False),
    ],
)
def test_the_schema_of_each_form(form: str, reply: dict[str, object], valid: bool) -> None:
    assert jsonschema.Draft202012Validator(schema_of(form)).is_valid(reply) == valid
    assert MAX_NEW_TOKENS[form]


def test_which_skills_are_asked_for_follows_from_the_seed_and_the_evidence() -> None:
    writers = [s for s in catalogue().values() if s.maker == "writer" and s.unit == "segment"]
    able = {skill.name for skill in writers if not skill.needs_music}
    drawn = [due_proposals(STRETCH, writers, seed, 2) for seed in range(60)]
    assert {len(due) for due in drawn} == {2}
    assert {proposal.skill.name for due in drawn for proposal in due} == able
    assert drawn[7] == due_proposals(STRETCH, reversed(writers), 7, 2)
    speechless = segment_span(SegmentEvidence("r", "c", "s", 0, 20_000))
    assert due_proposals(speechless, writers, 0, 2) == []


def test_the_check_shows_the_writer_what_the_pair_rests_on() -> None:
    pair = read_proposal(SCENE, REPLY, "gpt", 0)
    assert pair is not None
    prompt = check_prompt(pair, SCENE)
    assert "Heard: A bell, then rain.\n" in prompt
    assert "Question: Where does this most likely happen?\nAnswer: in a churchyard\n" in prompt
    assert "Wrong options: in a desert; on a ship; in a cave\n" in prompt
    verdict = jsonschema.Draft202012Validator(CHECK_SCHEMA)
    assert verdict.is_valid({"check": "fail", "reason": "two options are right"})
    assert not verdict.is_valid({"check": "maybe", "reason": ""})


def test_what_is_asked_alike() -> None:
    summary, topic = (Proposal(catalogue()[name], STRETCH) for name in ("summary", "topic_qa"))
    assert group_by_schema([SCENE, summary, topic, SCENE]) == {
        ("options", "segment"): [0, 3],
        ("open", "clip"): [1],
        ("options", "clip"): [2],
    }
