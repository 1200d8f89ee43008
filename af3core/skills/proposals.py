"""Questions that a language model proposes: which are asked for, in what words, and how read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from af3core.skills.catalogue import Skill
from af3core.skills.pair import Pair
from af3core.skills.pair_rules import (
    FEWEST_OPTIONS,
    LONGEST_OPTION_WORDS,
    LONGEST_QUESTION_WORDS,
    shuffle_options,
)
from af3core.skills.question_span import QuestionSpan, evidence_text, pair_evidence
from schemas.identity import configuration_hash

SKILLS_PER_SEGMENT = 2
"""Written skills that one segment is asked for: its seconds hold no more good questions than that,
and a night of 24 h has some 4,300 segments.
"""
SKILLS_PER_CLIP = 4
"""A clip holds more, and there are thirty times fewer."""

MAX_NEW_TOKENS = {"options": 256, "yes_no": 96, "open": 224}
"""By form: question, answer and options at their longest, with JSON around them."""

_LETTER = re.compile(r"^\(?[A-Z][).:]\s+")


@dataclass(frozen=True)
class Proposal:
    """A skill that a writer is asked for, over a stretch."""

    skill: Skill
    stretch: QuestionSpan

    @property
    def wanted_answer(self) -> str:
        """Yes for one half of the stretches, No for the other: a writer left alone says Yes."""
        if self.skill.form != "yes_no":
            return ""
        return ("Yes", "No")[int(configuration_hash(self.stretch.identity), 16) % 2]

    @property
    def prompt(self) -> str:
        """What the writer is told."""
        skill = self.skill
        return "\n".join(
            [
                "Write one question that trains a listener. The listener hears the audio and sees"
                " nothing of what is written here.",
                f"The skill to train: {skill.definition}",
                skill.prompt,
                "",
                "What is known of the audio:",
                evidence_text(self.stretch, skill),
                "",
                "Rules:",
                *(f"- {rule}" for rule in _rules(skill, self.wanted_answer)),
            ]
        )


def _rules(skill: Skill, wanted_answer: str) -> list[str]:
    rules = [
        "The answer follows from what is known above, and nobody can give it without listening.",
        f"The question has at most {LONGEST_QUESTION_WORDS} words and ends with a question mark.",
        "It refers to sounds in general words and does not give the answer away.",
        "Speakers have no names: write the speaker, the first speaker, the woman.",
        "Nothing speaks of captions, transcripts or descriptions; all is heard.",
    ]
    if skill.form == "options":
        rules += [
            f"There are {FEWEST_OPTIONS} options of at most {LONGEST_OPTION_WORDS} words, alike in"
            " form and clearly different in meaning; one is right, the others are wrong but could"
            " be right in other audio.",
            "The answer is one of the options, letter for letter.",
        ]
    elif wanted_answer:
        rules.append(f"The right answer is to be {wanted_answer}.")
    else:
        rules.append(f"The answer has at most {skill.answer_words} words.")
    keys = "question, answer and options" if skill.form == "options" else "question and answer"
    return [
        *rules,
        f"Reply with one JSON object with the keys {keys}, and nothing else.",
        "Where no good question can be asked, question is null and the rest is empty.",
    ]


def schema_of(form: str) -> dict[str, Any]:
    """The JSON schema of a reply; lengths leave room for what the rules then reject by name."""
    fields: dict[str, Any] = {
        "question": {"type": ["string", "null"], "maxLength": 200},
        "answer": {"type": "string", "maxLength": 600 if form == "open" else 120},
    }
    if form == "options":
        option = {"type": "string", "maxLength": 120}
        fields["options"] = {"type": "array", "maxItems": 6, "items": option}
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def due_proposals(
    stretch: QuestionSpan, skills: Iterable[Skill], seed: int, at_most: int
) -> list[Proposal]:
    """The skills that a stretch is asked for: drawn by the seed among those whose evidence is
    there.
    """
    able = [skill for skill in skills if not stretch.missing(skill)]
    drawn = sorted(able, key=lambda s: configuration_hash([seed, stretch.identity, s.name]))
    return [Proposal(skill, stretch) for skill in drawn[:at_most]]


def read_proposal(
    proposal: Proposal, reply: dict[str, Any], made_by: str, seed: int
) -> Pair | None:
    """The pair of a reply, its options shuffled; None where the writer has no good question."""
    if reply["question"] is None:
        return None
    question, answer = _tidy(reply["question"]), _tidy(reply["answer"])
    options = [_tidy(option) for option in reply.get("options", ())]
    if options and all(_LETTER.match(option) for option in options):
        answer, *options = (_LETTER.sub("", text) for text in (answer, *options))
    return Pair(
        skill=proposal.skill.name,
        question=question,
        answer=answer,
        start_ms=proposal.stretch.start_ms,
        end_ms=proposal.stretch.end_ms,
        options=shuffle_options(options, seed, question),
        evidence=pair_evidence(proposal.stretch, proposal.skill),
        made_by=made_by,
    )


def _tidy(text: str) -> str:
    return " ".join(text.split())


CHECK_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "check": {"enum": ["pass", "fail"]},
        "reason": {"type": "string", "maxLength": 200},
    },
    "required": ["check", "reason"],
    "additionalProperties": False,
}
CHECK_TOKENS = 96


def check_prompt(pair: Pair, proposal: Proposal) -> str:
    """Asks the writer to judge a pair against what it was made from."""
    wrong = [option for option in pair.options if option != pair.answer]
    return "\n".join(
        [
            "Judge a question that is to train a listener, who will hear the audio alone.",
            f"The skill to train: {proposal.skill.definition}",
            "",
            "What is known of the audio:",
            evidence_text(proposal.stretch, proposal.skill),
            "",
            f"Question: {pair.question}",
            f"Answer: {pair.answer}",
            *([f"Wrong options: {'; '.join(wrong)}"] if wrong else []),
            "",
            "It passes if all of this holds: the answer is correct by what is known; every other"
            " option is wrong by it; one must listen to answer; the question trains the skill.",
            "Reply with one JSON object with the keys check (pass or fail) and reason (one"
            " sentence), and nothing else.",
        ]
    )


def group_by_schema(proposals: Sequence[Proposal]) -> dict[tuple[str, str], list[int]]:
    """Positions of proposals by form and unit: a form has a schema of its own, and the prompts of
    clips, much longer, would be a burden to a batch of segments.
    """
    found: dict[tuple[str, str], list[int]] = {}
    for position, proposal in enumerate(proposals):
        found.setdefault((proposal.skill.form, proposal.skill.unit), []).append(position)
    return found
