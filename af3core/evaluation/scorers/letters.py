"""The rule of MMSU: a letter at the prediction's start, or before its last character."""

from __future__ import annotations

from collections.abc import Sequence

from af3core.evaluation.item import Item
from af3core.evaluation.score import Score
from af3core.evaluation.scorers.option_text import letter_of, named_option

_LETTERS = "ABCD"


def score_letters(items: Sequence[Item], predictions: Sequence[str]) -> list[Score]:
    """Right where the prediction names the answer, by its words or its letter.

    `official` takes the first character where it is A, B, C or D, so that "Dog" is D, and else
    the last but one, for "The answer is A."; it drops a row that has neither, which raises the
    figure, but keeps an empty one and "None" as wrong. Here all rows stay.

    Source: ddwang2000/MMSU, mmsu_evaluation.py.
    """
    return [_score(item, text) for item, text in zip(items, predictions, strict=True)]


def _score(item: Item, prediction: str) -> Score:
    named = named_option(prediction, item.options)
    return Score(
        value=float(bool(named) and named in item.answers),
        read_as=letter_of(named, item.options),
        official=_official(item, prediction) if item.answers else None,
    )


def _official(item: Item, prediction: str) -> tuple[float, float]:
    text = prediction.strip().replace("\n", "")
    if text in ("", "None"):
        return 0.0, 1.0
    letter = text[0] if text[0] in _LETTERS else text[-2:-1]
    if not letter or letter not in _LETTERS:
        return 0.0, 0.0
    place = _LETTERS.index(letter)
    said = item.options[place] if place < len(item.options) else ""
    return float(said in item.answers), 1.0
