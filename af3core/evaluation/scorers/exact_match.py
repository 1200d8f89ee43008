"""Labels and short answers that must be the same words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from af3core.evaluation.item import Item
from af3core.evaluation.score import Score
from af3core.evaluation.scorers.option_text import without_letter


def score_exact(items: Sequence[Item], predictions: Sequence[str]) -> list[Score]:
    """Right where the prediction is an answer, but for case, punctuation, "_" and spaces.

    An option's letter is taken off before. The rest of a sentence is not looked for: "a dog" is
    not "dog". A text without words is never right.

    Source: "exact string match" in the paper of Audio Flamingo 3; no script is published.
    """
    scores = []
    for item, prediction in zip(items, predictions, strict=True):
        read = _words(without_letter(prediction, item.options))
        right = bool(read) and read in [_words(answer) for answer in item.answers]
        scores.append(Score(float(right), read_as=read))
    return scores


def _words(text: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", text.casefold()).split())
