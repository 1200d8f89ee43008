"""Whether the audio model, hearing the sound, gives the answer that a pair calls right.

With options it agrees if it chooses the right one (`find_choice`); to yes or no, if its first word
is the answer; to an open question, if half of the answer's telling words stand in what it says,
with numbers as digits. The measure is one of words: the same said otherwise counts as another
answer.
"""

from __future__ import annotations

from af3core.skills.catalogue import Skill
from af3core.skills.pair import Pair
from af3core.skills.pair_rules import content_words, without_articles, words
from af3core.tasks.answers import ReadAnswer, find_choice
from af3core.tasks.task import Task

OPEN_AGREEMENT = 0.5
"""Share of the right answer's telling words."""

_SHORT_TOKENS = 32
_LONG_TOKENS = 192
_NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_DIGITS = {name: str(number) for number, name in enumerate(_NUMBERS)}


def question_task(pair: Pair, skill: Skill) -> Task:
    """The pair's question as a task: its prompt has AF3's form of options."""
    long = skill.form == "open"
    return Task(
        "pair",
        "question",
        pair.question,
        pair.options,
        max_new_tokens=_LONG_TOKENS if long else _SHORT_TOKENS,
    )


def read_heard(pair: Pair, text: str) -> ReadAnswer:
    """What the audio model says, with the option that it chooses."""
    return ReadAnswer(text.strip(), "", find_choice(text, pair.options) if pair.options else "")


def agrees(pair: Pair, skill: Skill, heard: ReadAnswer) -> bool:
    """Whether it is the pair's answer."""
    if skill.form == "options":
        return heard.choice == pair.answer
    said = words(heard.text)
    if skill.form == "yes_no":
        return said[:1] == [without_articles(pair.answer)]
    right = _in_digits(content_words(pair.answer) or set(words(pair.answer)))
    return len(right & _in_digits(set(said))) >= OPEN_AGREEMENT * len(right)


def _in_digits(found: set[str]) -> set[str]:
    return {_DIGITS.get(word, word) for word in found}
