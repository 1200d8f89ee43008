"""The rules that every pair obeys: the papers' own, enforced.

question_too_long       more than 20 words
answer_too_long         more words than its skill allows, 10 for most
option_too_long         more than 10 words
empty_text              a question, an answer or an option without a word
not_a_question          it does not end with its only question mark
special_token           a text holds a token of the model's, or a line break
unexpected_options      an open question has options
too_few_options         fewer than four
options_alike           two options are the same but for articles, case and marks
options_overlap         one option holds another, or all or none of them: the answer is not one
answer_not_an_option    the answer is not, letter for letter, one of the options
not_yes_or_no           the answer to a yes-or-no question is another
answer_in_question      all words of the answer stand in the question, and no other option's do
speaker_named           a speaker has a name
source_mentioned        the question speaks of captions or transcripts, not of what is heard
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from af3core.skills.catalogue import Skill
from af3core.skills.pair import Pair
from af3core.skills.speaker_names import named_speaker
from schemas.identity import configuration_hash

RULES_VERSION = 1
"""Counts up when a rule or a prompt changes, so that pairs are made anew."""

LONGEST_QUESTION_WORDS = 20
LONGEST_OPTION_WORDS = 10
FEWEST_OPTIONS = 4

_SPECIAL = re.compile(r"<\|?/?[a-z][\w-]*\|?>|<\||\|>|[\r\n]", re.IGNORECASE)
_SOURCE = re.compile(
    r"\b(captions?|transcripts?|transcriptions?|metadata|annotations?|as described"
    r"|the (given |provided )?(description|evidence|listed events|text))\b",
    re.IGNORECASE,
)
_CATCH_ALL = re.compile(
    r"\b(all|none|both|any|neither) of (the|these|them)\b|\bcannot be (determined|told)\b"
    r"|^(all|none|both|unknown|not sure)$",
    re.IGNORECASE,
)
_ARTICLES = {"a", "an", "the"}
_EMPTY_WORDS = _ARTICLES | set(
    "and are at in is it its of on or that this to was were with".split()
)
_YES_NO = ("yes", "no")


@dataclass(frozen=True)
class BrokenRule:
    """The name of a rule, and what breaks it."""

    reason: str
    detail: str


def broken_rule(pair: Pair, skill: Skill) -> BrokenRule | None:
    """The first rule that a pair breaks, in the order above; None where it may be kept."""
    texts = (pair.question, pair.answer, *pair.options)
    for text in texts:
        if not words(text):
            return BrokenRule("empty_text", f"{text!r} has no word")
        if special := special_token(text):
            return BrokenRule("special_token", repr(special))
    broken = _broken_length(pair, skill)
    if broken is None and (not pair.question.endswith("?") or pair.question.count("?") != 1):
        broken = BrokenRule("not_a_question", pair.question)
    broken = broken or _broken_form(pair, skill)
    if broken is None and skill.form != "yes_no" and gives_answer_away(pair):
        broken = BrokenRule("answer_in_question", pair.answer)
    if broken:
        return broken
    transcripts = [e.text for e in pair.evidence if e.kind == "transcript"]
    speaker = named_speaker(texts, transcripts)
    if speaker:
        return BrokenRule("speaker_named", speaker)
    source = mentioned_source(pair.question)
    return BrokenRule("source_mentioned", source) if source else None


def special_token(text: str) -> str:
    """The model's token or the line break that a text holds; empty where it holds none."""
    found = _SPECIAL.search(text)
    return found[0] if found else ""


def mentioned_source(text: str) -> str:
    """Where a text speaks of captions and the like, and not of what is heard; empty: nowhere."""
    found = _SOURCE.search(text)
    return found[0] if found else ""


def _broken_length(pair: Pair, skill: Skill) -> BrokenRule | None:
    limited = [
        ("question", pair.question, LONGEST_QUESTION_WORDS),
        *(("option", option, LONGEST_OPTION_WORDS) for option in pair.options),
        ("answer", pair.answer, skill.answer_words),
    ]
    for name, text, limit in limited:
        count = len(text.split())
        if count > limit:
            return BrokenRule(f"{name}_too_long", f"{count} words, at most {limit}: {text}")
    return None


def _broken_form(pair: Pair, skill: Skill) -> BrokenRule | None:
    if skill.form != "options":
        if pair.options:
            return BrokenRule("unexpected_options", "; ".join(pair.options))
        if skill.form == "yes_no" and without_articles(pair.answer) not in _YES_NO:
            return BrokenRule("not_yes_or_no", pair.answer)
        return None
    return _broken_options(pair)


def _broken_options(pair: Pair) -> BrokenRule | None:
    if len(pair.options) < FEWEST_OPTIONS:
        return BrokenRule("too_few_options", f"{len(pair.options)}, at least {FEWEST_OPTIONS}")
    spelled = [without_articles(option) for option in pair.options]
    if len(set(spelled)) < len(spelled):
        return BrokenRule("options_alike", "; ".join(pair.options))
    for one, other in permutations(spelled, 2):
        if f" {one} " in f" {other} ":
            return BrokenRule("options_overlap", f"{other!r} holds {one!r}")
    for option in pair.options:
        if _CATCH_ALL.search(option):
            return BrokenRule("options_overlap", f"{option!r} is no option of its own")
    if pair.answer not in pair.options:
        return BrokenRule("answer_not_an_option", pair.answer)
    return None


def gives_answer_away(pair: Pair) -> bool:
    """Whether the question gives the answer away: it holds all words of the answer that say
    anything, and of no other option. A question that names its options, such as "Which is louder,
    the bell or the dog?", gives nothing away.
    """
    asked = set(words(pair.question))

    def stands(text: str) -> bool:
        said = content_words(text)
        return bool(said) and said <= asked

    others = (option for option in pair.options if option != pair.answer)
    return stands(pair.answer) and not any(stands(option) for option in others)


def words(text: str) -> list[str]:
    """Lower-case words and numbers; 2.5 is one."""
    return re.findall(r"\d+(?:[.:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?", text.lower())


def content_words(text: str) -> set[str]:
    """The words that say something: without articles and the like."""
    return set(words(text)) - _EMPTY_WORDS


def without_articles(text: str) -> str:
    """The words without articles: what makes two options the same."""
    found = words(text)
    return " ".join([word for word in found if word not in _ARTICLES] or found)


def shuffle_options(options: Sequence[str], seed: int, question: str) -> tuple[str, ...]:
    """The options in an order that follows from the seed, the question and their set alone: where
    the writer put the right one does not show.
    """
    ordered = sorted(options)
    random.Random(configuration_hash([seed, question, ordered])).shuffle(ordered)
    return tuple(ordered)
