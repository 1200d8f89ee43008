"""Multiple choice without a script of its own: the option that is named."""

from __future__ import annotations

from collections.abc import Sequence

from af3core.evaluation.item import Item
from af3core.evaluation.score import Score
from af3core.evaluation.scorers.option_text import named_option


def score_choices(items: Sequence[Item], predictions: Sequence[str]) -> list[Score]:
    """Right where the prediction names the answer among the options, by words or letter.

    None named, or several, is wrong; VoiceBench's script guesses a letter there.

    Source: the paper of Audio Flamingo 3 extracts options by regular expressions that are not
    published; these are ours.
    """
    scores = []
    for item, prediction in zip(items, predictions, strict=True):
        named = named_option(prediction, item.options)
        scores.append(Score(float(bool(named) and named in item.answers), read_as=named))
    return scores
