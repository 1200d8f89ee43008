"""What an evaluation came to, for people and programs; all of them compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_registry import benchmarks
from af3core.evaluation.comparison import Comparison, EvaluatedRun, compare, rate_text
from af3core.evaluation.paper import paper_number
from af3core.evaluation.score import (
    Score,
    figure,
    official_figure,
    official_rate,
    official_scores,
)
from af3core.evaluation.statistics import figure_interval
from af3core.evaluation.totals import with_totals
from af3core.storage.store import Store
from beam_jobs.evaluation.evaluation_setup import Evaluation
from beam_jobs.evaluation.evaluations_table import (
    by_evaluation,
    evaluated_benchmarks,
    evaluated_rows,
)
from beam_jobs.framework.derivation import Row
from schemas.options.evaluation import BenchmarkChoice

_SHOWN = 5
"""Faults and errors that are said in lines; all stand in the table."""


def evaluated_run(benchmark: Benchmark, rows: Sequence[Row]) -> EvaluatedRun:
    """One evaluation's rows as scores; items whose answer the publisher keeps weigh nothing."""
    first = rows[0]
    return EvaluatedRun(
        benchmark=benchmark.name,
        metric=benchmark.metric,
        model=first["model"],
        weights_revision=first["weights_revision"],
        engine=first["engine"],
        prompt_form=first["prompt_form"],
        scores={row["item_id"]: _score(row) for row in rows},
        groups={row["item_id"]: row["groups"] for row in rows},
        faults={row["item_id"]: row["fault"] for row in rows if row["fault"]},
        errors={row["item_id"]: row["error"] for row in rows if row["error"]},
    )


def comparison_of(store: Store) -> Comparison | None:
    """All evaluations below a store, the first that was asked first; None where there are none."""
    known = benchmarks()
    runs = [
        evaluated_run(known[name], rows)
        for name in evaluated_benchmarks(store)
        if name in known
        for rows in sorted(
            by_evaluation(evaluated_rows(store, name)).values(),
            key=lambda rows: min(row["generated_at"] for row in rows),
        )
    ]
    return compare(with_totals(runs)) if runs else None


def facts_of(evaluation: Evaluation, rows: Sequence[Row]) -> dict[str, Any]:
    """The figures of an evaluation, for programs."""
    metric = evaluation.benchmark.metric
    run = evaluated_run(evaluation.benchmark, rows)
    scores = list(run.scores.values())
    interval = figure_interval(scores, metric.scale)
    official = figure_interval(official_scores(scores), metric.scale)
    return {
        "benchmark": evaluation.benchmark.name,
        "evaluation_id": evaluation.evaluation_id,
        "metric": metric.name,
        "items": len(rows),
        "figure": figure(scores, metric.scale),
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "official_figure": official_figure(scores, metric.scale),
        "official_low": official.low if official else None,
        "official_high": official.high if official else None,
        "official_rate": official_rate(scores, metric.official_rate),
        "groups": _groups(run, figure),
        "official_groups": _groups(run, official_figure),
        "faults": len(run.faults),
        "errors": len(run.errors),
    }


def lines_of(evaluation: Evaluation, facts: dict[str, Any], rows: Sequence[Row]) -> Iterator[str]:
    """The figures for people, and what is wrong with items."""
    benchmark = evaluation.benchmark
    yield f"{benchmark.title}: {facts['items']} items, {evaluation.configuration['model']}"
    if facts["figure"] is None:
        yield "the publisher keeps the answers: its server scores the predictions"
    else:
        spread = f"{facts['low']:.2f} to {facts['high']:.2f}"
        yield f"{facts['metric']}: {facts['figure']:.2f} ({spread}, 95 %)"
    yield from _official_line(benchmark, facts, rows)
    reported = paper_number(benchmark.name)
    number = reported.of(evaluation.settings[BenchmarkChoice].prompt_form) if reported else None
    if reported and number is not None:
        yield f"reported for AF3: {number} ({reported.source})"
    # the first kind of group alone: MMAU has eighty groups
    shown = tuple(f"{name}=" for name, _ in evaluation.items[0].groups[:1])
    for name, value in facts["groups"].items():
        if name.startswith(shown):
            official = facts["official_groups"].get(name)
            yield f"  {name}: {value:.2f}" + (
                "" if official is None else f", official {official:.2f}"
            )
    yield from _what_is_wrong(rows)


def _official_line(
    benchmark: Benchmark, facts: dict[str, Any], rows: Sequence[Row]
) -> Iterator[str]:
    if facts["official_figure"] is None:
        return
    spread = f"{facts['official_low']:.2f} to {facts['official_high']:.2f}, 95 %"
    rate = rate_text([_score(row) for row in rows], benchmark.metric)
    line = f"by the official script: {facts['official_figure']:.2f} ({spread})"
    yield f"{line}, {rate}" if rate else line


def _what_is_wrong(rows: Sequence[Row]) -> Iterator[str]:
    for kind in ("fault", "error"):
        found = [row for row in rows if row[kind]]
        yield from (f"{kind}: {row['item_id']}: {row[kind]}" for row in found[:_SHOWN])
        if len(found) > _SHOWN:
            yield f"{kind}: {len(found)} items in all; see the column {kind} of evaluations"


def _groups(
    run: EvaluatedRun, add_up: Callable[[Sequence[Score], float], float | None]
) -> dict[str, float]:
    """The figure of each group of items, such as task=sound."""
    members: dict[str, list[Score]] = {}
    for item_id, names in run.groups.items():
        for name in names:
            members.setdefault(name, []).append(run.scores[item_id])
    figures = {name: add_up(scores, run.metric.scale) for name, scores in sorted(members.items())}
    return {name: value for name, value in figures.items() if value is not None}


def _score(row: Row) -> Score:
    has_official = row["official_weight"] is not None
    return Score(
        value=row["score"] or 0.0,
        weight=row["weight"] or 0.0,
        official=(row["official_score"], row["official_weight"]) if has_official else None,
        official_read_as=row["official_read_as"],
    )
