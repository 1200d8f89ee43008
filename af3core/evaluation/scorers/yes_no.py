"""The rule of CMM: yes or no within the first five characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from af3core.evaluation.item import Item
from af3core.evaluation.score import Score
from af3core.evaluation.scorers.option_text import without_letter

_FIRST = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)


def score_yes_no(items: Sequence[Item], predictions: Sequence[str]) -> list[Score]:
    """Right where the prediction's first word is the answer, yes or no.

    `official` looks for the answer in the first five characters that are no space, in any word: "I
    know" and "Nothing" are no, and "(A) Yes" is neither. Over items of the group whose answer is
    yes the figure is the perception accuracy (PA), over the others the hallucination resistance
    (HR).

    Source: `official_scripts.CMM`.
    """
    scores = []
    for item, prediction in zip(items, predictions, strict=True):
        right = [answer.lower() for answer in item.answers]
        first = _FIRST.match(without_letter(prediction, item.options))
        read = first[1].lower() if first else ""
        found = any(answer in prediction.strip().lower()[:5] for answer in right)
        official = (float(found), 1.0) if right else None
        scores.append(Score(float(read in right), read_as=read, official=official))
    return scores
