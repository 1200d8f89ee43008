"""Neighbours as text examples before a question, in AF1's words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_CHARACTERS = 400
"""Of a caption or an answer: some 100 tokens, so that eight examples stay below 2,000."""

_TOKEN_LIKE = re.compile(r"<(?=[|/a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Example:
    """A neighbour's caption, and its answer to the same question (empty: it has none)."""

    caption: str
    answer: str = ""


def with_examples(prompt: str, question: str, examples: Sequence[Example]) -> str:
    """A prompt behind its examples; without examples the prompt alone.

    AF1 (its `data.py`) writes `Here are similar examples.` and then sound, question and answer of
    each; here the caption stands for the sound, and options are left out of examples as there.

    Args:
        prompt: the task's words, options included.
        question: the task's words without options.
        examples: the nearest first.
    """
    if not examples:
        return prompt
    lines = [_line(number, question, example) for number, example in enumerate(examples, 1)]
    return "\n".join(["Here are similar examples.", *lines, prompt])


def _line(number: int, question: str, example: Example) -> str:
    line = f"Example {number}: {one_line(example.caption)}"
    return f"{line} {question} {one_line(example.answer)}" if example.answer else line


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
