"""The gate: a model passes where no benchmark is worse than the last accepted model's.

tables/evaluations ──► figures ──► against the last accepted ──► evaluations/accepted.json
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from af3core.errors import ConfigurationError
from af3core.evaluation.registry import benchmark_named
from af3core.storage.address import open_store, store_at
from af3core.storage.store import Store
from beam_jobs.evaluations.acceptance import Measured, figures_against, measured
from beam_jobs.evaluations.accepted import add_accepted, identity_of
from beam_jobs.evaluations.table import by_evaluation, evaluated_rows
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.settings import NightSettings
from schemas.acceptance import AcceptedModel, AcceptedModels
from schemas.layout import ACCEPTED_KEY


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Accept the model on `--benchmarks` by its evaluations in `--out`, and keep that it is.

    Raises:
        ConfigurationError: a benchmark is unknown, or none is named.
        NotAcceptable: benchmarks are missing or worse, each of them named.
    """
    names = settings.accepting.benchmarks
    if not names:
        raise ConfigurationError(
            "--benchmarks is missing: name those that the model must pass, by commas"
        )
    benchmarks = [benchmark_named(name) for name in names]
    reading = store_at(settings.out)
    found = {name: _evaluations(reading, name) for name in names}
    identity = identity_of(settings.engine)

    def made(held: AcceptedModels) -> AcceptedModel:
        max_drop = settings.accepting.max_drop
        return AcceptedModel(
            identity=identity,
            figures=figures_against(identity, benchmarks, found, held, max_drop),
            max_drop=max_drop,
            run_id=settings.run_id,
            accepted_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
        )

    store = open_store(settings.out)
    accepted = add_accepted(store, made)
    return Outcome(_facts(accepted), _lines(accepted, store.address(ACCEPTED_KEY)))


def _evaluations(store: Store, name: str) -> list[Measured]:
    groups = by_evaluation(evaluated_rows(store, name))
    return [measured(benchmark_named(name), rows) for rows in groups.values()]


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


JOB = Job("accept", "hold a model's figures against those of the last accepted one", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.accept`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
