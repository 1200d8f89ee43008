"""The gate: a model passes where no benchmark is worse than the last accepted model's.

tables/evaluations ──► figures ──► against the last accepted ──► evaluations/accepted.json
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from af3core.errors import ConfigurationError
from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.storage.address import store_at
from af3core.storage.store import Store
from beam_jobs.evaluation.acceptance_check import add_accepted, identity_of
from beam_jobs.evaluation.acceptance_rules import (
    EvaluationFigure,
    evaluation_figure,
    figures_against,
)
from beam_jobs.evaluation.evaluations_table import by_evaluation, evaluated_rows
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from schemas.accepted_models import AcceptedModel, AcceptedModels
from schemas.layout import ACCEPTED_KEY
from schemas.options.evaluation import Gate, MaxDrop


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Accept the model on `--benchmarks` by its evaluations in `--out`, and keep that it is.

    Raises:
        ConfigurationError: a benchmark is unknown, or none is named.
        NotAcceptable: benchmarks are missing or worse, each of them named.
    """
    names = settings[Gate].benchmarks
    if not names:
        raise ConfigurationError(
            "--benchmarks is missing: name those that the model must pass, by commas"
        )
    benchmarks = [benchmark_named(name) for name in names]
    reading = store_at(settings.out)
    found = {name: _evaluations(reading, name) for name in names}
    identity = identity_of(settings.engine)

    def accept(held: AcceptedModels) -> AcceptedModel:
        max_drop = settings[MaxDrop].max_drop
        return AcceptedModel(
            identity=identity,
            figures=figures_against(identity, benchmarks, found, held, max_drop),
            max_drop=max_drop,
            run_id=settings.run_id,
            accepted_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
        )

    store = settings.store
    accepted = add_accepted(store, accept)
    return Outcome(_facts(accepted), _lines(accepted, store.address(ACCEPTED_KEY)))


def _evaluations(store: Store, name: str) -> list[EvaluationFigure]:
    groups = by_evaluation(evaluated_rows(store, name))
    return [evaluation_figure(benchmark_named(name), rows) for rows in groups.values()]


def _facts(accepted: AcceptedModel) -> dict[str, Any]:
    before = {f.benchmark: f.against_figure for f in accepted.figures if f.against}
    return {
        "model": str(accepted.identity),
        "figures": {each.benchmark: each.figure for each in accepted.figures},
        "figures_before": before,
        "against": sorted({each.against for each in accepted.figures if each.against}),
    }


def _lines(accepted: AcceptedModel, address: str) -> list[str]:
    lines = [f"accepted    {accepted.identity}"]
    for each in accepted.figures:
        before = (
            f"{each.against_figure:.2f} of {each.against}"
            if each.against_figure is not None
            else "the first"
        )
        lines.append(
            f"{each.benchmark}: {each.metric} {each.figure:.2f} over {each.items} items"
            f" ({each.prompt_form}), before: {before}"
        )
    return [*lines, f"written: {address}"]
