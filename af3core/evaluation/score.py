"""A score of one prediction, and how scores make a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from af3core.evaluation.item import Item
from af3core.evaluation.official_scripts import OfficialScript

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
        official_read_as: what the official script reads out of the prediction, empty for nothing;
            None where it says right or wrong alone.
    """

    value: float
    weight: float = 1.0
    read_as: str = ""
    official: tuple[float, float] | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    official_read_as: str | None = None


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
        script: whose prompt this is, word for word; None where the words are ours.
    """

    prompt: Callable[[Item, str], str]
    read: Callable[[str], float | None]
    most: float
    source: str
    system: str = ""
    script: OfficialScript | None = None


@dataclass(frozen=True)
class OfficialRate:
    """A second figure that an official script prints: how often it reads an answer, in per cent.

    Attributes:
        name: as the script calls it.
        of_unread: it counts what could not be read.
    """

    name: str
    of_unread: bool = False


@dataclass(frozen=True)
class Metric:
    """How predictions become a figure.

    Attributes:
        scorer: for metrics without a judge.
        judging: for metrics with one.
        needs_answers: an item without answers cannot be scored; its publisher keeps them.
        scale: of the figure: 100 for shares in per cent; the paper's LongAudioBench is x10.
        script: whose rule `Score.official` follows; None where none is published, or it cannot be
            followed here.
        official_rate: what that script prints besides.
    """

    name: MetricName
    scorer: Scorer | None = None
    judging: Judging | None = None
    scale: float = 100.0
    higher_is_better: bool = True
    needs_answers: bool = True
    script: OfficialScript | None = None
    official_rate: OfficialRate | None = None


def figure(scores: Sequence[Score], scale: float = 1.0) -> float | None:
    """The scores as one figure; None where nothing has weight."""
    weight = sum(score.weight for score in scores)
    return scale * sum(score.value for score in scores) / weight if weight else None


def official_figure(scores: Sequence[Score], scale: float = 1.0) -> float | None:
    """The figure that the official script prints; None where it has no rule of its own."""
    return figure(official_scores(scores), scale)


def official_scores(scores: Sequence[Score]) -> list[Score]:
    """The scores by the official script; those that it has no rule of its own for are left out."""
    pairs = [score.official for score in scores if score.official is not None]
    return [Score(value, weight) for value, weight in pairs]


def official_rate(scores: Sequence[Score], rate: OfficialRate | None) -> float | None:
    """How often the official script reads an answer, or cannot, in per cent; None without one."""
    read = [score.official_read_as for score in scores if score.official_read_as is not None]
    if rate is None or not read:
        return None
    return 100.0 * sum(bool(each) != rate.of_unread for each in read) / len(read)
