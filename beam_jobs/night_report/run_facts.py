"""What is known of the run itself, and of the runs that published the tables."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from schemas.reports import MeasuredRate

_RUNS = """
SELECT run_id, source, strftime(max(published_at) AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M') AS latest,
       sum(answers_made), any_value(model), any_value(weights_revision),
       any_value(software_version)
FROM runs GROUP BY run_id, source ORDER BY latest DESC, run_id, source LIMIT ?
"""
_SHOWN_RUNS = 10


@dataclass(frozen=True)
class RunFacts:
    """The run that makes the report.

    Attributes:
        since, until: its interval; an open end is the first or last date there is.
        gpu_hours_planned: None where the run has no plan.
        gpu_hours_used: by this run; `gpu_hours_of_all`: by all runs, for the interval's answers.
        gpu_price: money per GPU hour; 0 where none is set.
        rate: how fast the corpus was annotated last.
        listing: what the archive lacked, moved, could not give or held twice: of what, and what.
        replaced: whose rows stand in the place of other ones now, a line each.
        reviewed: how good the answers are that people looked at: of which task, and the figure.
    """

    run_id: str
    corpus: str
    since: str
    until: str
    gpu_hours_planned: float | None
    gpu_hours_used: float
    gpu_hours_of_all: float
    gpu_price: float
    rate: MeasuredRate | None
    listing: tuple[tuple[str, str], ...] = ()
    replaced: tuple[str, ...] = ()
    reviewed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PublishingRun:
    """A run that published a night of the interval; the time is in UTC."""

    run_id: str
    source: str
    published_at: str
    answers_made: int
    model: str
    weights_revision: str
    software_version: str


def publishing_runs(night: duckdb.DuckDBPyConnection) -> tuple[PublishingRun, ...]:
    """The last runs that published, the latest first."""
    rows = night.execute(_RUNS, [_SHOWN_RUNS]).fetchall()
    return tuple(
        PublishingRun(run, source, at, int(made), *rest) for run, source, at, made, *rest in rows
    )
