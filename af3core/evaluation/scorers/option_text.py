"""The option that a prediction names, whatever form the model answers in."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

from af3core.tasks.answers import find_choice

_BRACKETED = re.compile(r"^\s*\(([A-Za-z])\)(?:[.:](?=\s))?\s*")
_LETTERED = re.compile(r"^\s*([A-Za-z])[.):]\s+")
_LONE_LETTER = re.compile(r"^\W*([A-Za-z])\W*$")
_LAST_LETTER = re.compile(r"(?:^|\s)\W*([A-Z])\W*$")


def without_letter(prediction: str, options: Sequence[str]) -> str:
    """A prediction without its option's letter; a letter alone becomes its option.

    An option that is itself a letter, such as a note's name, stays as it is written.
    """
    text = prediction.strip()
    if _same(text, options):
        return text
    if lone := _LONE_LETTER.match(text):
        return _option_of(lone[1], options) or text
    if bracketed := _BRACKETED.match(text):
        return text[bracketed.end() :]
    lettered = _LETTERED.match(text)
    # initials such as "A. Vivaldi" stay, where no option is left without them
    if lettered and _same(text[lettered.end() :], options):
        return text[lettered.end() :]
    return text


def named_option(prediction: str, options: Sequence[str]) -> str:
    """The option that a prediction names, by its words or else its letter; empty if none.

    The letter stands before the words, alone, or at the end ("I choose B.").
    """
    bare = without_letter(prediction, options)
    if same := _same(bare, options):
        return same
    if found := find_choice(prediction, tuple(options)):
        return found
    last = _LAST_LETTER.search(prediction)
    return _option_of(last[1], options) if last else ""


def letter_of(option: str, options: Sequence[str]) -> str:
    """An option's letter; empty where it is none."""
    place = next((n for n, each in enumerate(options) if each == option), None)
    return "" if place is None else string.ascii_uppercase[place]


def _same(text: str, options: Sequence[str]) -> str:
    """The option that a text is, letter by letter or else but for case and spaces."""
    if text in options:
        return text
    return next((option for option in options if _bare(option) == _bare(text)), "")


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".")


def _option_of(letter: str, options: Sequence[str]) -> str:
    place = string.ascii_uppercase.index(letter.upper())
    return options[place] if place < len(options) else ""
