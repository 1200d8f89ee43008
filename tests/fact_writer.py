"""A scripted writer: it reads the facts of a skill's prompt, and asks what follows from them.

It stands where a language model would: behind `tests/writer_server.py`, by OpenAI's protocol. Where
the facts hold no ground for a skill it writes no question, as the prompt asks; what it judges, it
works out anew from the facts that stand in the request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from af3core.skills.catalogue import Skill, catalogue
from tests.fact_questions import MAKERS
from tests.prompt_facts import Facts, read_facts

_SKILLS: Mapping[str, Skill] = {skill.definition: skill for skill in catalogue().values()}


@dataclass(frozen=True)
class _Judged:
    question: str
    answer: str
    wrong: frozenset[str]


def write(prompt: str) -> dict[str, Any]:
    """The reply to one prompt of the job `skills`."""
    if prompt.startswith("Judge"):
        return _judge(prompt)
    wanted = re.search(r"The right answer is to be (Yes|No)\.", prompt)
    return _propose(skill_of(prompt), read_facts(prompt, wanted[1] if wanted else ""))


def skill_of(prompt: str) -> Skill:
    """The skill that a prompt asks for."""
    named = re.search(r"^The skill to train: (.+)$", prompt, re.MULTILINE)
    assert named
    return _SKILLS[named[1]]


def _propose(skill: Skill, facts: Facts) -> dict[str, Any]:
    asked = MAKERS[skill.name](facts)
    options = {"options": list(asked.options) if asked else []} if skill.form == "options" else {}
    if asked is None:
        return {"question": None, "answer": "", **options}
    return {"question": asked.question, "answer": asked.answer, **options}


def _judge(prompt: str) -> dict[str, Any]:
    """Passes what it would write itself, with the options that it knows to be wrong."""
    given = _judged(prompt)
    skill, facts = skill_of(prompt), read_facts(prompt, given.answer)
    own = MAKERS[skill.name](facts)
    if own is None or (own.question, own.answer) != (given.question, given.answer):
        return {"check": "fail", "reason": "the facts do not give this answer"}
    if given.wrong != frozenset(own.options) - {own.answer}:
        return {"check": "fail", "reason": "other options than those that are surely wrong"}
    return {"check": "pass", "reason": "it follows from the facts"}


def _judged(prompt: str) -> _Judged:
    question, answer = (
        re.findall(rf"^{name}: (.*)$", prompt, re.MULTILINE)[-1] for name in ("Question", "Answer")
    )
    wrong = re.findall(r"^Wrong options: (.*)$", prompt, re.MULTILINE)
    return _Judged(question, answer, frozenset(wrong[-1].split("; ") if wrong else ()))
