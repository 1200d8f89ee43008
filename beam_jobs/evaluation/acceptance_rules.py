"""Whether a model passes: its figures against those of the last accepted one. Pure functions."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from af3core.errors import Af3Error
from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.score import Metric, Score, figure
from beam_jobs.output.next_command import af3
from schemas.accepted_models import AcceptedFigure, AcceptedModel, AcceptedModels, ModelIdentity
from schemas.record_format import Record, RecordError

Row = Mapping[str, Any]
_DIGITS = 6
"""Differences are rounded so far: 54.3 - 53.3 is one point, not a hair more."""


class NotAcceptable(Af3Error):
    """A benchmark is missing or worse; the line names each."""

    permanent = True


@dataclass(frozen=True)
class EvaluationFigure:
    """One evaluation of a model as a figure.

    Attributes:
        figure: the benchmark and its figure, as they would be accepted; None where no item has a
            score, since the publisher keeps the answers.
        asked_at: when its last item was asked.
    """

    identity: ModelIdentity
    figure: AcceptedFigure | None
    asked_at: datetime.datetime


@dataclass(frozen=True)
class AskedItems(Record):
    """What the settings of an evaluation's rows say of its items."""

    items: int
    items_hash: str


def evaluation_figure(benchmark: Benchmark, rows: Sequence[Row]) -> EvaluationFigure:
    """The rows of one evaluation, added up."""
    first = rows[0]
    scored = [Score(row["score"], row["weight"]) for row in rows if row["score"] is not None]
    value = figure(scored, benchmark.metric.scale)
    identity = ModelIdentity(
        first["model"], first["weights_revision"], first["engine"], first["dtype"]
    )
    try:
        asked = AskedItems.from_bytes(first["settings"])
    except RecordError as error:
        raise NotAcceptable(
            f"{benchmark.name}: the settings of evaluation {first['evaluation_id']} cannot be read"
            f" ({error.why}); run {af3('evaluate')} again"
        ) from error
    found = value is not None and AcceptedFigure(
        benchmark=benchmark.name,
        metric=first["metric"],
        figure=round(value, _DIGITS),
        evaluation_id=first["evaluation_id"],
        prompt_form=first["prompt_form"],
        judge=first["judge"],
        items=asked.items,
        items_hash=asked.items_hash,
    )
    return EvaluationFigure(identity, found or None, max(row["generated_at"] for row in rows))


def figures_against(
    identity: ModelIdentity,
    benchmarks: Sequence[Benchmark],
    found: Mapping[str, Sequence[EvaluationFigure]],
    accepted: AcceptedModels,
    max_drop: float,
) -> tuple[AcceptedFigure, ...]:
    """The model's figure of each benchmark, with what it was held against.

    That is the figure of the last accepted model that has one of the benchmark, over the same
    items, asked in the same form and judged by the same judge. Where the model was evaluated
    otherwise than that one was accepted, that one's own evaluations are looked through.

    Args:
        identity: of the model.
        benchmarks: that it must pass.
        found: all evaluations by benchmark, of any model.
        accepted: the models that passed.
        max_drop: how much worse a figure may be, in `points`.

    Raises:
        NotAcceptable: a benchmark is missing or worse; it names each.
    """
    passed, faults = [], []
    for benchmark in benchmarks:
        try:
            one = _against(identity, benchmark, found.get(benchmark.name, ()), accepted)
            _check_drop(one, benchmark.metric, max_drop)
            passed.append(one)
        except NotAcceptable as fault:
            faults.append(str(fault))
    if faults:
        raise NotAcceptable(f"{identity} is not accepted: {'; '.join(faults)}")
    return tuple(passed)


def _against(
    identity: ModelIdentity,
    benchmark: Benchmark,
    found: Sequence[EvaluationFigure],
    accepted: AcceptedModels,
) -> AcceptedFigure:
    """The model's figure beside the one that it is held against; alone where it is the first."""
    mine = _figures(identity, found)
    if not mine:
        if any(each.identity.is_same(identity) for each in found):
            raise NotAcceptable(f"{benchmark.name} has no score, its publisher keeps the answers")
        raise NotAcceptable(f"{benchmark.name} is missing, run {af3('evaluate', benchmark.name)}")
    last = _last_with(benchmark.name, accepted)
    if last is None:
        return mine[0]
    model, figure_then = last
    others = [figure_then, *_figures(model.identity, found)]
    for other in others:
        for one in mine:
            if _is_comparable(one, other):
                return dataclasses.replace(
                    one, against=str(model.identity), against_figure=other.figure
                )
    raise NotAcceptable(
        f"{benchmark.name} was evaluated over {_form(mine[0])}, and {model.identity} was accepted"
        f" over {_form(figure_then)}, evaluate both the same way"
    )


def _figures(identity: ModelIdentity, found: Sequence[EvaluationFigure]) -> list[AcceptedFigure]:
    """A model's figures; the most items come first, so that a short try never stands for all."""
    mine = [each for each in found if each.figure and each.identity.is_same(identity)]
    mine.sort(key=lambda each: (each.figure.items if each.figure else 0, each.asked_at))
    return [each.figure for each in reversed(mine) if each.figure]


def _last_with(
    benchmark: str, accepted: AcceptedModels
) -> tuple[AcceptedModel, AcceptedFigure] | None:
    for model in reversed(accepted.models):
        for one in model.figures:
            if one.benchmark == benchmark:
                return model, one
    return None


def _is_comparable(one: AcceptedFigure, other: AcceptedFigure) -> bool:
    return (one.metric, one.items_hash, one.prompt_form, one.judge) == (
        other.metric,
        other.items_hash,
        other.prompt_form,
        other.judge,
    )


def points(metric: Metric, difference: float) -> float:
    """A difference of figures in points, of which a perfect answer has 100.

    So a drop of one means the same for per cent, a judge's five marks and CIDEr-D.
    """
    most = metric.judging.most if metric.judging else 1.0
    return 100.0 * difference / (metric.scale * most)


def _check_drop(one: AcceptedFigure, metric: Metric, max_drop: float) -> None:
    if one.against_figure is None:
        return
    gain = points(metric, one.figure - one.against_figure)
    drop = round(-gain if metric.higher_is_better else gain, _DIGITS)
    if drop > max_drop:
        raise NotAcceptable(
            f"{one.benchmark} is {one.figure:.2f} ({one.metric}), {drop:.2f} points worse than the"
            f" {one.against_figure:.2f} of {one.against}, and {max_drop:g} are allowed"
        )


def _form(one: AcceptedFigure) -> str:
    judged = f", judged by {one.judge}" if one.judge else ""
    return f"{one.items} items ({one.items_hash[:8]}) in the {one.prompt_form} form{judged}"
