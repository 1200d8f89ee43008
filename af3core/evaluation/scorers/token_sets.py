"""The rule of MMAU and MMAR: sets of words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from af3core.evaluation.item import Item
from af3core.evaluation.score import Score
from af3core.evaluation.scorers.option_text import without_letter

_WORD = re.compile(r"\b\w+\b")


def score_token_sets(items: Sequence[Item], predictions: Sequence[str]) -> list[Score]:
    """Right where all words of the answer stand in the prediction and none of the wrong options'.

    Words that a wrong option shares with the answer count for nothing, nor does an option of the
    very same words: "C" and "C#" are one to this rule. Before it, an option's letter is taken off
    and a letter alone becomes its option; `official` is the rule on the prediction as it stands,
    where "(A) x" is wrong if another option has the word "a", and "A" alone is nearly always
    wrong.

    Source: string_match of `official_scripts.MMAU`; `official_scripts.MMAR` has the same.
    """
    return [_score(item, text) for item, text in zip(items, predictions, strict=True)]


def _score(item: Item, prediction: str) -> Score:
    read = without_letter(prediction, item.options)
    return Score(
        value=float(_is_right(item, read)),
        read_as=read,
        official=(float(_is_right(item, prediction)), 1.0) if item.answers else None,
    )


def _is_right(item: Item, prediction: str) -> bool:
    said = _words(prediction)
    return bool(said) and any(_matches(answer, said, item.options) for answer in item.answers)


def _matches(answer: str, said: set[str], options: Sequence[str]) -> bool:
    right = _words(answer)
    wrong: set[str] = set().union(*(_words(option) - right for option in options))
    return right <= said and not said & wrong


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))
