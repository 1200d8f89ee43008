"""From the model's words to a row's fields: framing off, option found, thinking set apart."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass

from af3core.tasks.task import Task
from af3core.tasks.thinking import split_thinking
from af3core.tasks.transcripts import read_transcript

_LETTER = re.compile(r"^\W*(?:the (?:correct )?(?:answer|option) is\W*)?\(?([A-Z])\)?(?=\W|$)")


@dataclass(frozen=True)
class ReadAnswer:
    """An answer in its parts; `choice` is an option's text or empty.

    `separated` is false where thinking was asked for and could not be told from the answer.
    """

    text: str
    thinking: str
    choice: str
    separated: bool = True


def read_answer(task: Task, raw_text: str, speech_ms: int) -> ReadAnswer:
    """Take a model's answer apart by the rules of the task's kind.

    Args:
        speech_ms: that the detector hears in what was asked about.
    """
    text, thinking, separated = raw_text.strip(), "", True
    if task.thinking:
        parts = split_thinking(text, task.options)
        text, thinking, separated = parts.answer, parts.thinking, parts.found
    if task.kind == "transcript":
        text = read_transcript(text, hears_speech=speech_ms > 0)
    choice = find_choice(text, task.options) if task.options else ""
    return ReadAnswer(text, thinking, choice, separated)


def find_choice(text: str, options: tuple[str, ...]) -> str:
    """The option that an answer names: by its words, or else by its letter.

    Words go first where they name one option alone, as in MMAU's scoring: a model that writes
    another option's letter before the right words has heard right. Empty where none is named, or
    several are.
    """
    plain = _plain(text)
    named = [o for o in options if re.search(rf"\b{re.escape(_plain(o))}\b", plain)]
    longest = max(named, key=len, default="")
    if named and all(_plain(o) in _plain(longest) for o in named):
        return longest
    letter = _LETTER.match(text)
    if letter and (letter[0].strip("( ") != letter[1] or text.strip(" ().") == letter[1]):
        index = string.ascii_uppercase.index(letter[1])
        return options[index] if index < len(options) else ""
    return ""


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text.lower()).split())
