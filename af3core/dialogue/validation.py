"""The rules that every dialogue obeys, whoever made it.

turn_count               fewer than two questions, or more than ten
sound_unknown            a sound is named that is not there
sound_not_introduced     a sound is there that no question plays
sound_introduced_twice   a question plays a sound again
sound_in_answer          an answer plays a sound
empty_text               a question or an answer without a word
too_long                 more than 60 words of a question, or 150 of an answer
special_token            a text holds a token of the model's, or a line break
speaker_named            a speaker has a name
no_back_reference        no question refers to what was heard before
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from af3core.skills.speaker_names import named_speaker

FEWEST_TURNS, MOST_TURNS = 2, 10
LONGEST_QUESTION_WORDS = 60
LONGEST_ANSWER_WORDS = 150

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")

_MARKER = re.compile(r"<sound-(\d+)>")
_SPECIAL = re.compile(r"<\|?/?[a-z][\w-]*\|?>|<\||\|>|[\r\n]", re.IGNORECASE)
_BACK = re.compile(
    rf"\b({'|'.join(ORDINALS)}|both|two|former|latter|previous|earlier|before|again|so far|these"
    r"|those|other one|last one|others)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Exchange:
    """A question with its answer; `<sound-1>` in a question plays the dialogue's first sound."""

    question: str
    answer: str


@dataclass(frozen=True)
class BrokenRule:
    """The name of a rule, and what breaks it."""

    reason: str
    detail: str


def broken_rule(
    exchanges: Sequence[Exchange], sound_count: int, transcripts: Sequence[str]
) -> BrokenRule | None:
    """The first rule that a dialogue breaks, in the order above; None where it may be kept.

    Args:
        exchanges: the dialogue.
        sound_count: sounds that it is about.
        transcripts: what is said in them: who presents themselves there has a name.
    """
    if not FEWEST_TURNS <= len(exchanges) <= MOST_TURNS:
        return BrokenRule("turn_count", f"{len(exchanges)}, not {FEWEST_TURNS} to {MOST_TURNS}")
    broken = _broken_sounds(exchanges, sound_count)
    if broken:
        return broken
    for exchange in exchanges:
        broken = _broken_text(exchange)
        if broken:
            return broken
    texts = [text for exchange in exchanges for text in (exchange.question, exchange.answer)]
    speaker = named_speaker(texts, transcripts)
    if speaker:
        return BrokenRule("speaker_named", speaker)
    if not any(refers_back(exchange.question) for exchange in exchanges[1:]):
        return BrokenRule("no_back_reference", "each question plays a sound and speaks of no other")
    return None


def refers_back(question: str) -> bool:
    """Whether a question that is not the first speaks of what was heard before: it plays nothing
    new, or names what came before it.
    """
    return not _MARKER.search(question) or bool(_BACK.search(question))


def _broken_sounds(exchanges: Sequence[Exchange], sound_count: int) -> BrokenRule | None:
    played: set[int] = set()
    for exchange in exchanges:
        if _MARKER.search(exchange.answer):
            return BrokenRule("sound_in_answer", exchange.answer)
        for number in map(int, _MARKER.findall(exchange.question)):
            if not 1 <= number <= sound_count:
                return BrokenRule("sound_unknown", f"<sound-{number}> of {sound_count}")
            if number in played:
                return BrokenRule("sound_introduced_twice", f"<sound-{number}>")
            played.add(number)
    missing = sorted(set(range(1, sound_count + 1)) - played)
    return BrokenRule("sound_not_introduced", f"<sound-{missing[0]}>") if missing else None


def _broken_text(exchange: Exchange) -> BrokenRule | None:
    asked = _MARKER.sub(" ", exchange.question)
    limited = ((asked, LONGEST_QUESTION_WORDS), (exchange.answer, LONGEST_ANSWER_WORDS))
    for text, longest in limited:
        if not re.search(r"\w", text):
            return BrokenRule("empty_text", f"{text!r} has no word")
        if len(text.split()) > longest:
            return BrokenRule("too_long", f"{len(text.split())} words, at most {longest}")
        special = _SPECIAL.search(text)
        if special:
            return BrokenRule("special_token", repr(special[0]))
    return None
