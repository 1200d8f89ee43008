"""Answers with citations: what the model says is checked, and what it cannot say is quoted."""

from __future__ import annotations

import json
import re
from random import Random

import pytest

from af3core.errors import ModelError, ServerUnavailable
from af3core.longform.long_audio_prompts import rough_tokens
from af3core.longform.passages import Passage
from af3core.longform.question_answering import Citation, Finding, answer_question
from af3core.nano.lexicon import TOPICS
from af3core.nano.sentences import sentence
from tests.af3core.longform.scripted import Scripted, by_words, segment

QUESTION = "Who repaired the golden lighthouse?"
PASSAGES = [
    segment(0, "the storm flooded the garden in london"),
    segment(1, "laura repaired the golden lighthouse"),
    segment(2, "laura repaired the bridge"),
    segment(3, "the tax was low"),
    segment(4, "the soup was salty"),
]
BEST = Citation("s1", 15_000, 30_000, "laura repaired the golden lighthouse", 0.0)


def document(answer: str, *citations: int) -> str:
    return json.dumps({"answer": answer, "citations": citations})


def asked(model: Scripted, passages: list[Passage] = PASSAGES, question: str = QUESTION) -> Finding:
    vectors = by_words([passage.text for passage in passages])
    return answer_question(question, passages, vectors, by_words([question])[0], model)


def cited(finding: Finding) -> list[str]:
    return [citation.segment_id for citation in finding.citations]


def test_an_answer_that_cites_what_it_was_shown_stands() -> None:
    model = Scripted(lambda prompt: document("Laura repaired it.", 2, 3))
    finding = asked(model)
    assert (finding.answer, cited(finding), finding.flags) == (
        "Laura repaired it.",
        ["s1", "s2"],
        (),
    )
    [prompt] = model.prompts
    assert '[2 | 0:00:15] said: "laura repaired the golden lighthouse"' in prompt
    assert "salty" not in prompt
    assert f"Question: {QUESTION}" in prompt


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (document("Laura repaired it.", 77), "uncited_answer"),
        (document("Laura repaired it."), "uncited_answer"),
        (document("The president of France.", 2), "not_in_evidence"),
        (document("", 2), "empty_answer"),
        (document("ha ha ha ha ha", 2), "looping_text"),
        ("Laura did.", "malformed_answer"),
        ('{"answer": "Laura"}', "malformed_answer"),
    ],
)
def test_an_answer_that_cannot_stand_is_replaced_by_the_best_words(reply: str, reason: str) -> None:
    finding = asked(Scripted(lambda prompt: reply))
    assert finding.answer == "laura repaired the golden lighthouse"
    assert cited(finding) == ["s1"]
    assert finding.citations[0].quote == BEST.quote
    assert finding.flags == ("extractive", reason)


def test_a_malformed_answer_is_asked_for_twice_more() -> None:
    replies = iter(["no", "no", document("Laura.", 2)])
    model = Scripted(lambda prompt: next(replies))
    assert asked(model).answer == "Laura."
    assert len(model.prompts) == 3


def test_a_plain_yes_or_number_needs_only_its_citation() -> None:
    model = Scripted(lambda prompt: document("Yes.", 2))
    assert asked(model, question="Did laura repair the golden lighthouse?").answer == "Yes."


def test_what_nothing_speaks_to_is_asked_of_nobody() -> None:
    model = Scripted(lambda prompt: document("A vaccine.", 1))
    finding = asked(model, question="Which vaccine did the astronaut invent?")
    assert finding == Finding("", (), ("no_evidence",))
    assert model.prompts == []


def test_weak_evidence_that_the_model_cannot_use_is_no_answer() -> None:
    finding = asked(Scripted(lambda prompt: "?"), question="Did laura invent a vaccine in paris?")
    assert finding == Finding("", (), ("no_evidence", "malformed_answer"))


def test_a_question_about_the_whole_is_put_to_the_whole() -> None:
    model = Scripted(lambda prompt: document("A storm, a lighthouse and soup.", 1, 2, 5))
    finding = asked(model, question="What is it about?")
    assert (finding.answer, finding.flags) == ("A storm, a lighthouse and soup.", ())
    assert all(f"[{n} | " in model.prompts[0] for n in (1, 2, 3, 4, 5))
    quoted = asked(Scripted(lambda prompt: "?"), question="What is it about?")
    assert "laura repaired the golden lighthouse" in quoted.answer
    assert len(quoted.citations) == 3


def test_a_server_that_is_away_is_no_bad_answer() -> None:
    def away(prompt: str) -> ModelError:
        return ServerUnavailable("the server is away")

    with pytest.raises(ServerUnavailable):
        asked(Scripted(away))


def test_a_quote_comes_from_what_is_heard_where_that_speaks() -> None:
    passages = [segment(0, "good evening", "A woman, then a telephone.")]
    finding = asked(Scripted(lambda prompt: "?"), passages, "Is there a telephone?")
    assert finding.citations[0].quote == "A woman, then a telephone."


def ten_hours(needle_place: int) -> list[Passage]:
    """2,400 segments of eight sentences each from the nano world, one of them the needle."""
    random = Random(7)
    passages = []
    for number in range(2400):
        topic = TOPICS[number // 60 % len(TOPICS)]
        said = " ".join(sentence(topic, random) for _ in range(8))
        heard = f"A man speaking about {topic.name}."
        passages.append(segment(number, said, heard))
    needle = "laura repaired the golden lighthouse near the harbour of lisbon"
    passages[needle_place] = segment(needle_place, f"{passages[0].said} {needle}")
    return passages


@pytest.mark.parametrize("model_knows", [True, False])
def test_a_needle_in_hour_seven_of_ten(model_knows: bool) -> None:
    """The model answers by what stands in its prompt, or writes nonsense: the place is the same."""
    place = 7 * 240 - 100  # 6 h 35 min

    def reply(prompt: str) -> str:
        line = re.search(r"\[(\d+) \| 6:35:00\].*golden lighthouse", prompt)
        return document("Laura repaired it.", int(line[1])) if line and model_knows else "(D)"

    model = Scripted(reply)
    finding = asked(model, ten_hours(place))
    best = finding.citations[0]
    assert (best.segment_id, best.start_ms) == (f"s{place}", (6 * 60 + 35) * 60_000)
    assert "laura repaired the golden lighthouse" in best.quote
    assert finding.flags == (() if model_knows else ("extractive", "malformed_answer"))
    assert all(rough_tokens(prompt) < 8000 for prompt in model.prompts)
    assert len(model.prompts) > 2
