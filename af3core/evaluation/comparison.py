"""Evaluations side by side: each figure with its interval and the paper's, and models in pairs."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from af3core.evaluation.paper import paper_number
from af3core.evaluation.score import (
    Metric,
    Score,
    figure,
    official_figure,
    official_rate,
    official_scores,
)
from af3core.evaluation.statistics import Interval, PairedTest, figure_interval, paired_test
from schemas.options.evaluation import PromptForm as PromptForm

Better = Literal["first", "second", ""]
NOTHING = "nothing"
"""The benchmark of sounds in which nobody speaks."""


@dataclass(frozen=True)
class EvaluatedRun:
    """One model's scores on one benchmark.

    Attributes:
        benchmark: its name.
        metric: its metric, for the figure's scale and which way is better.
        model: what answered, as people know it.
        weights_revision: of the model.
        engine: that ran it, with its form of prompts where that is another, such as af3+authors.
        prompt_form: "published", or "thinking" where thinking was asked for.
        scores: by item id.
        groups: of items, as "name=value" by item id; items without any may be left out.
        faults: what is wrong with published items, by item id; they stay in the figure.
        errors: why there is no prediction, by item id; they stay in the figure.
    """

    benchmark: str
    metric: Metric
    model: str
    weights_revision: str
    engine: str
    prompt_form: PromptForm
    scores: Mapping[str, Score]
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Model, revision, engine and prompt form in one."""
        return f"{self.model} @ {self.weights_revision}, {self.engine}, {self.prompt_form}"


@dataclass(frozen=True)
class Row:
    """A figure of one run, over all items or a group of them.

    Attributes:
        group: as "name=value"; empty for all items.
        figure: None where nothing can be scored.
        interval: 95 %, of the figure.
        official: by the official script as it stands; None where it has no rule of its own.
        official_interval: 95 %, of that.
        official_rate: what that script prints besides, with its name; such as "fail 1.20 %".
        paper: what was reported for AF3; None where nothing was.
        paper_source: where that stands.
        invented: in per cent, how often the same model, asked in the same form, writes words that
            nobody said (benchmark nothing); None where it was not asked.
        difference: the official figure less the paper's, or `figure` where no script is followed.
        is_within: whether the interval of the same holds the paper's number.
    """

    benchmark: str
    group: str
    model: str
    weights_revision: str
    engine: str
    prompt_form: PromptForm
    items: int
    faults: int
    errors: int
    figure: float | None
    interval: Interval | None
    official: float | None
    official_interval: Interval | None
    official_rate: str
    higher_is_better: bool
    paper: float | None = None
    paper_source: str = ""
    invented: float | None = None

    @property
    def difference(self) -> float | None:
        compared = self.figure if self.official is None else self.official
        return None if compared is None or self.paper is None else compared - self.paper

    @property
    def is_within(self) -> bool:
        interval = self.interval if self.official is None else self.official_interval
        return self.paper is not None and interval is not None and interval.holds(self.paper)


@dataclass(frozen=True)
class Pair:
    """Two runs of one benchmark, on the items of both.

    Attributes:
        test: None where they have no item in common that has weight.
        better: whose figure is better; empty if neither's.
        official_test: the same by the official script; None where it has no rule of its own.
    """

    benchmark: str
    first: str
    second: str
    test: PairedTest | None
    better: Better
    official_test: PairedTest | None = None


@dataclass(frozen=True)
class Comparison:
    """Rows by benchmark, and its runs in pairs."""

    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]


def compare(runs: Sequence[EvaluatedRun]) -> Comparison:
    """All runs as rows, sorted by benchmark; each two runs of one benchmark as a pair.

    The second of a pair is the later one of `runs`.
    """
    in_order = sorted(runs, key=lambda run: run.benchmark)
    invented = {run.name: _invented(run) for run in in_order if run.benchmark == NOTHING}
    rows = [
        dataclasses.replace(row, invented=invented.get(run.name))
        for run in in_order
        for row in _rows(run)
    ]
    pairs = [
        _pair(first, second)
        for first, second in itertools.combinations(in_order, 2)
        if first.benchmark == second.benchmark
    ]
    return Comparison(tuple(rows), tuple(pairs))


def _invented(run: EvaluatedRun) -> float | None:
    right = figure(list(run.scores.values()), 100.0)
    return None if right is None else 100.0 - right


def _rows(run: EvaluatedRun) -> Iterator[Row]:
    """The whole, then its groups by name."""
    yield _row(run, "", list(run.scores))
    members: dict[str, list[str]] = {}
    for item_id in run.scores:
        for group in run.groups.get(item_id, ()):
            members.setdefault(group, []).append(item_id)
    for group in sorted(members):
        yield _row(run, group, members[group])


def _row(run: EvaluatedRun, group: str, item_ids: Sequence[str]) -> Row:
    scores = [run.scores[item_id] for item_id in item_ids]
    reported = paper_number(run.benchmark, group)
    paper = reported.of(run.prompt_form) if reported else None
    return Row(
        benchmark=run.benchmark,
        group=group,
        model=run.model,
        weights_revision=run.weights_revision,
        engine=run.engine,
        prompt_form=run.prompt_form,
        items=len(item_ids),
        faults=sum(item_id in run.faults for item_id in item_ids),
        errors=sum(item_id in run.errors for item_id in item_ids),
        figure=figure(scores, run.metric.scale),
        interval=figure_interval(scores, run.metric.scale),
        official=official_figure(scores, run.metric.scale),
        official_interval=figure_interval(official_scores(scores), run.metric.scale),
        official_rate=rate_text(scores, run.metric),
        higher_is_better=run.metric.higher_is_better,
        paper=paper,
        paper_source=reported.source if reported and paper is not None else "",
    )


def _pair(first: EvaluatedRun, second: EvaluatedRun) -> Pair:
    test = paired_test(first.scores, second.scores, first.metric.scale)
    better: Better = ""
    if test is not None and test.difference:
        better = "second" if (test.difference > 0) == first.metric.higher_is_better else "first"
    official = paired_test(_official(first), _official(second), first.metric.scale)
    return Pair(first.benchmark, first.name, second.name, test, better, official)


def _official(run: EvaluatedRun) -> dict[str, Score]:
    return {
        name: Score(*score.official)
        for name, score in run.scores.items()
        if score.official is not None
    }


def rate_text(scores: Sequence[Score], metric: Metric) -> str:
    """What the official script prints beside its figure, such as "fail 1.20 %"; empty for none."""
    rate = official_rate(scores, metric.official_rate)
    return (
        ""
        if rate is None or not metric.official_rate
        else f"{metric.official_rate.name} {rate:.2f} %"
    )
