"""A score of one prediction, and how scores make a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from af3core.evaluation.item import Item

MetricName = Literal["accuracy", "wer", "cider_d", "judge"]


@dataclass(frozen=True)
class Score:
    """What one prediction is worth; a figure is the sum of values over the sum of weights.

    Attributes:
        value: 1 for right and 0 for wrong; word errors; a caption's CIDEr-D; a judge's points.
        weight: 1; the reference's words for word errors.
        read_as: what the rule read out of the prediction: an option, normalised words.
        official: value and weight by the official script as it stands, quirks included, where it
            differs by its rule; a weight of 0 is a row that the script drops.
        parts: other values, such as a sentence's similarity beside CIDEr-D.
    """

    value: float
    weight: float = 1.0
    read_as: str = ""
    official: tuple[float, float] | None = None
    parts: Mapping[str, float] = field(default_factory=dict)


Scorer = Callable[[Sequence[Item], Sequence[str]], list[Score]]
"""Items and their predictions to scores, in order; an empty prediction is scored, never dropped."""


@dataclass(frozen=True)
class Judging:
    """What a judge is asked about a prediction.

    Attributes:
        prompt: the judge's instruction for an item and its prediction.
        read: the judge's reply as points; None where it holds none.
        most: the points of a perfect answer.
        source: where the prompt stands.
        system: the judge's system text, where the benchmark has one.
    """

    prompt: Callable[[Item, str], str]
    read: Callable[[str], float | None]
    most: float
    source: str
    system: str = ""


@dataclass(frozen=True)
class Metric:
    """How predictions become a figure.

    Attributes:
        scorer: for metrics without a judge.
        judging: for metrics with one.
        needs_answers: an item without answers cannot be scored; its publisher keeps them.
        scale: of the figure: 100 for shares in per cent; the paper's LongAudioBench is x10.
    """

    name: MetricName
    scorer: Scorer | None = None
    judging: Judging | None = None
    scale: float = 100.0
    higher_is_better: bool = True
    needs_answers: bool = True


def figure(scores: Sequence[Score], scale: float = 1.0) -> float | None:
    """The scores as one figure; None where nothing has weight."""
    weight = sum(score.weight for score in scores)
    return scale * sum(score.value for score in scores) / weight if weight else None


def official_figure(scores: Sequence[Score], scale: float = 1.0) -> float | None:
    """The figure that the official script prints; None where it has no rule of its own."""
    pairs = [score.official for score in scores if score.official is not None]
    weight = sum(pair[1] for pair in pairs)
    return scale * sum(pair[0] for pair in pairs) / weight if weight else None
