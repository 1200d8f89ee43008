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
    figure. An empty prediction, or "None", has the letter that the row before it was given, so
    that `official` depends on the order of the items; the script breaks off where there is no row
    before, here the row is wrong.

    Source: `official_scripts.MMSU`.
    """
    scores, letter = [], ""
    for item, prediction in zip(items, predictions, strict=True):
        text = prediction.strip().replace("\n", "")
        read = "" if text == "None" else _official_letter(text)
        letter = read or letter
        is_dropped = not read and text not in ("", "None")
        named = named_option(prediction, item.options)
        scores.append(
            Score(
                value=float(bool(named) and named in item.answers),
                read_as=letter_of(named, item.options),
                official=_official(item, "" if is_dropped else letter, is_dropped),
                official_read_as=read if item.answers else None,
            )
        )
    return scores


def _official_letter(text: str) -> str:
    """The letter that the script reads; empty where it reads none."""
    letter = text[:1] if text[:1] in _LETTERS else text[-2:-1]
    return letter if letter in _LETTERS else ""


def _official(item: Item, letter: str, is_dropped: bool) -> tuple[float, float] | None:
    if not item.answers:
        return None
    if is_dropped:
        return 0.0, 0.0
    options = dict(zip(_LETTERS, item.options, strict=False))
    return float(options.get(letter) in item.answers), 1.0
