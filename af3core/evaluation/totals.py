"""Figures over several benchmarks: MMAU-Pro's total, as its script weighs its three forms."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from af3core.evaluation.comparison import EvaluatedRun
from af3core.evaluation.score import Metric


@dataclass(frozen=True)
class Total:
    """One figure over all items of several benchmarks, in per cent.

    Attributes:
        name: beside those of benchmarks.
        most: what a perfect answer counts in each of them; there it counts 1.
    """

    name: str
    most: Mapping[str, float]


TOTALS = (
    Total("mmau-pro-total", {"mmau-pro": 1.0, "mmau-pro-instructions": 1.0, "mmau-pro-open": 5.0}),
)
"""Source: `official_scripts.MMAU_PRO`, its weighted performance: each item weighs the same."""


def with_totals(runs: Sequence[EvaluatedRun]) -> list[EvaluatedRun]:
    """The runs, and the totals of each model and prompt form that was asked all parts of one.

    Of several evaluations of a part the one with the most items counts.
    """
    return [*runs, *(made for total in TOTALS for made in _made(total, runs))]


def _made(total: Total, runs: Sequence[EvaluatedRun]) -> Iterator[EvaluatedRun]:
    parts: dict[str, dict[str, EvaluatedRun]] = {}
    for run in sorted(runs, key=lambda run: len(run.scores)):
        if run.benchmark in total.most:
            parts.setdefault(run.name, {})[run.benchmark] = run
    for found in parts.values():
        if len(found) == len(total.most):
            yield _added(total, list(found.values()))


def _added(total: Total, parts: Sequence[EvaluatedRun]) -> EvaluatedRun:
    return dataclasses.replace(
        parts[0],
        benchmark=total.name,
        metric=Metric("accuracy"),
        scores={
            f"{part.benchmark}/{name}": dataclasses.replace(
                score, value=score.value / total.most[part.benchmark], official=None
            )
            for part in parts
            for name, score in part.scores.items()
        },
        groups={},
        faults={f"{part.benchmark}/{k}": v for part in parts for k, v in part.faults.items()},
        errors={f"{part.benchmark}/{k}": v for part in parts for k, v in part.errors.items()},
    )
