"""Neighbours as examples before a question, in AF1's words: their captions, or their sounds too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from af3core.model.request import Sound

MAX_CHARACTERS = 400
"""Of a caption or an answer: some 100 tokens, so that eight examples stay below 2,000."""

_TOKEN_LIKE = re.compile(r"<(?=[|/a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Example:
    """A neighbour's caption, its answer to the same question (empty: it has none), and its sound
    where it is heard beside them.
    """

    caption: str
    answer: str = ""
    sound: Sound | None = None


def with_examples(prompt: str, question: str, examples: Sequence[Example]) -> str:
    """A prompt behind its examples; without examples the prompt alone.

    AF1 (its `foundation/data/data.py`) writes `Here are similar examples.`, then of each the sound,
    the question without options and the answer, and at last the sound that is asked about with its
    question. Here a caption stands behind the sound, and alone where the sound is not heard. Where
    any is heard, `<sound-1>` and so on stand for `sounds_with`; else the prompt names no sound.

    Args:
        prompt: the task's words, options included.
        question: the task's words without options.
        examples: the nearest first.
    """
    if not examples:
        return prompt
    lines, heard = ["Here are similar examples."], 0
    for number, example in enumerate(examples, 1):
        heard += example.sound is not None
        head = f"Example {number}: " if example.sound is None else f"<sound-{heard}>"
        lines.append(head + _told(question, example))
    asked = f"<sound-{heard + 1}>" if heard else ""
    return "\n".join([*lines, asked + prompt])


def sounds_with(asked: Sound, examples: Sequence[Example]) -> tuple[Sound, ...]:
    """The sounds of a prompt with examples: those of the examples, then the one asked about."""
    return (*(each.sound for each in examples if each.sound is not None), asked)


def _told(question: str, example: Example) -> str:
    caption = one_line(example.caption)
    return f"{caption} {question} {one_line(example.answer)}" if example.answer else caption


def one_line(text: str) -> str:
    """A text on one line, cut at a word where it is long, that holds no special token."""
    line = " ".join(without_special_tokens(text).split())
    if len(line) <= MAX_CHARACTERS:
        return line
    cut = line[: MAX_CHARACTERS - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"


def without_special_tokens(text: str) -> str:
    """A text without special tokens: a blank after `<` leaves it readable, and the tokenizer sees
    letters.
    """
    return _TOKEN_LIKE.sub("< ", text)
